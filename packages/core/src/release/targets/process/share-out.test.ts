import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { allTo } from "../../weights.ts";
import { ShareOut, shareCookie, sharesOf, type Shares } from "./share-out.ts";

const share = (green: number, sticky: Shares["sticky"] = "none", turn = 0): Shares => ({
  weights: { blue: 100 - green, green },
  sticky,
  turn,
});
const percent = fc.integer({ min: 1, max: 99 });
const turn = fc.integer({ min: 0, max: 99 });

describe("sharing out", () => {
  it("is exact in every hundred requests in a row, wherever one begins to count", () => {
    fc.assert(
      fc.property(percent, turn, fc.integer({ min: 0, max: 300 }), (green, turned, skipped) => {
        const out = new ShareOut();
        for (let at = 0; at < skipped; at += 1) out.pick(share(green, "none", turned), {});
        let got = 0;
        for (let at = 0; at < 100; at += 1) {
          if (out.pick(share(green, "none", turned), {})?.colour === "green") got += 1;
        }
        expect(got).toBe(green);
      }),
    );
  });

  it("is exact among a hundred new clients, and keeps each, also when the weight grows", () => {
    fc.assert(
      fc.property(percent, percent, turn, (one, other, turned) => {
        const [less, more] = [Math.min(one, other), Math.max(one, other)];
        const out = new ShareOut();
        const clients = Array.from({ length: 100 }, () => out.pick(share(less, "session", turned), {}));
        expect(clients.filter((client) => client?.colour === "green")).toHaveLength(less);
        for (const client of clients) {
          const cookie = `other=1; ${client?.setCookie?.split(";")[0] ?? ""}`;
          const again = out.pick(share(less, "session", turned), { cookie });
          expect(again).toEqual({ colour: client?.colour });
          if (client?.colour !== "green") continue;
          expect(out.pick(share(more, "session", turned), { cookie })?.colour).toBe("green");
        }
      }),
      { numRuns: 30 },
    );
  });

  it("keeps the same value of a header field together, and shares out requests without it", () => {
    const out = new ShareOut();
    const shares = share(50, { header: "X-Customer" });
    const first = Array.from({ length: 50 }, (_, at) => out.pick(shares, { "x-customer": `c${at}` })?.colour);
    const second = Array.from(
      { length: 50 },
      (_, at) => out.pick(shares, { "x-customer": `c${at}` })?.colour,
    );
    expect(second).toEqual(first);
    expect(new Set(first).size).toBe(2);
    const bare = Array.from({ length: 100 }, () => out.pick(shares, {})?.colour);
    expect(bare.filter((colour) => colour === "green")).toHaveLength(50);
  });

  it.each(["lotse-share=100", "lotse-share=x", "lotse-share=", "xlotse-share=5", "lotse-share=5x"])(
    "takes the cookie %s for none",
    (cookie) => {
      expect(new ShareOut().pick(share(50, "session"), { cookie })?.setCookie).toMatch(
        new RegExp(`^${shareCookie}=\\d+; Path=/; HttpOnly; SameSite=Lax$`, "u"),
      );
    },
  );

  it("gives nobody a cookie where all go to one colour, and no colour where nobody gets any", () => {
    expect(new ShareOut().pick(sharesOf(allTo("blue"), "session"), {})).toEqual({ colour: "blue" });
    expect(new ShareOut().pick(sharesOf(allTo(null)), {})).toBeNull();
  });

  it("turns the parts anew for each canary, and never in the middle of one", () => {
    const first = sharesOf({ blue: 95, green: 5 }, "session", sharesOf(allTo("blue")));
    for (let time = 0; time < 20; time += 1) {
      expect(sharesOf({ blue: 50, green: 50 }, "session", first).turn).toBe(first.turn);
    }
    const turns = Array.from(
      { length: 50 },
      () => sharesOf({ blue: 95, green: 5 }, "session", sharesOf(allTo("blue"))).turn,
    );
    expect(new Set(turns).size).toBeGreaterThan(1);
  });
});
