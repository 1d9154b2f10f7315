/**
 * @typedef {object} Track
 * @property {string} id
 * @property {string} title
 * @property {string} artist
 * @property {number} bpm beats a minute
 * @property {readonly string[]} tags
 */

/** @type {(id: string, title: string, artist: string, bpm: number, tags: string) => Track} */
const track = (id, title, artist, bpm, tags) => ({ id, title, artist, bpm, tags: tags.split(" ") });

/** Made-up tracks, enough to recommend from. @type {readonly Track[]} */
export const catalogue = [
  track("harbour-lights", "Harbour Lights", "Silt & Amber", 84, "calm evening piano strings"),
  track("low-tide", "Low Tide", "Silt & Amber", 78, "calm evening piano ambient"),
  track("paper-lanterns", "Paper Lanterns", "Miko Varga", 92, "calm acoustic guitar evening"),
  track("glass-stairs", "Glass Stairs", "Ninefold", 124, "electronic bright night synth"),
  track("tram-seven", "Tram Seven", "Ninefold", 128, "electronic night synth driving"),
  track("northern-bus", "Northern Bus", "Die Umsteiger", 132, "driving guitar indie bright"),
  track("second-breakfast", "Second Breakfast", "Die Umsteiger", 118, "indie guitar bright morning"),
  track("salt-road", "Salt Road", "Oriel Tan", 100, "acoustic guitar folk morning"),
  track("field-notes", "Field Notes", "Oriel Tan", 96, "acoustic folk calm morning"),
  track("slow-elevator", "Slow Elevator", "Brass Tacks Nine", 108, "jazz brass evening piano"),
  track("after-the-set", "After the Set", "Brass Tacks Nine", 88, "jazz brass night calm"),
  track("pulse-check", "Pulse Check", "Coach Delta", 150, "workout electronic driving synth"),
];

/**
 * Tracks like a given one, most alike first; the same answer every time.
 *
 * @param {string} id
 * @param {{limit: number, oneTrackPerArtist?: boolean}} options
 * @returns {{track: Track, score: number}[] | null} `null` when the catalogue has no such track
 */
export function recommend(id, { limit, oneTrackPerArtist = false }) {
  const seed = catalogue.find((candidate) => candidate.id === id);
  if (!seed) return null;
  const ranked = catalogue
    .filter((candidate) => candidate !== seed)
    .map((candidate) => ({ track: candidate, score: likeness(seed, candidate) }))
    .sort((a, b) => b.score - a.score || (a.track.id < b.track.id ? -1 : 1));
  const heard = new Set([seed.artist]);
  const kept = oneTrackPerArtist ? ranked.filter(({ track: { artist } }) => isNew(heard, artist)) : ranked;
  return kept.slice(0, limit);
}

/** @type {(seen: Set<string>, value: string) => boolean} */
function isNew(seen, value) {
  const before = seen.size;
  return seen.add(value).size > before;
}

/**
 * Shared tags over all tags (Jaccard), three quarters; nearness in tempo, one quarter.
 *
 * @type {(a: Track, b: Track) => number}
 */
function likeness(a, b) {
  const shared = a.tags.filter((tag) => b.tags.includes(tag)).length;
  const tags = shared / (a.tags.length + b.tags.length - shared);
  const tempo = Math.max(0, 1 - Math.abs(a.bpm - b.bpm) / 60);
  return Math.round((0.75 * tags + 0.25 * tempo) * 1000) / 1000;
}
