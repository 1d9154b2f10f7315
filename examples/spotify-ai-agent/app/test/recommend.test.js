import assert from "node:assert/strict";
import { test } from "node:test";
import { catalogue, recommend } from "../src/recommend.js";

test("what is most alike comes first, the same every time", () => {
  const first = recommend("harbour-lights", { limit: 3 });
  assert.equal(first[0].track.id, "low-tide");
  assert.deepEqual(recommend("harbour-lights", { limit: 3 }), first);
});

test("scores fall, stay between 0 and 1, and the track itself is left out", () => {
  for (const { id } of catalogue) {
    const found = recommend(id, { limit: catalogue.length });
    assert.equal(found.length, catalogue.length - 1);
    assert.ok(found.every(({ track, score }) => track.id !== id && score >= 0 && score <= 1));
    assert.ok(found.every(({ score }, index) => index === 0 || score <= found[index - 1].score));
  }
});

test("one track for each artist, none of the artist asked about", () => {
  const artists = recommend("harbour-lights", { limit: 20, oneTrackPerArtist: true }).map(
    ({ track }) => track.artist,
  );
  assert.equal(new Set(artists).size, artists.length);
  assert.ok(!artists.includes("Silt & Amber"));
});

test("an unknown track is null", () => {
  assert.equal(recommend("constructor", { limit: 1 }), null);
});
