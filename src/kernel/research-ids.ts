/**
 * Identifiers of the research world, by which other systems know the same person or organisation. Both carry a checksum, so a
 * slip of the finger is found without asking anybody.
 */

/**
 * An ORCID iD in its one spelling, "https://orcid.org/0000-0002-1825-0097"; given with or without address and dashes.
 * @returns undefined for what is none
 * Source: ORCID, "Structure of the ORCID Identifier" (ISO 7064 MOD 11-2).
 */
export function orcidOf(given: string): string | undefined {
  const [, ...parts] =
    /^(?:https?:\/\/(?:www\.)?orcid\.org\/)?(\d{4})-?(\d{4})-?(\d{4})-?(\d{3}[\dX])\/?$/i.exec(given.trim()) ?? [];
  if (parts.length !== 4) return undefined;
  const text = parts.join("").toUpperCase();
  let total = 0;
  for (const digit of text.slice(0, 15)) total = ((total + Number(digit)) * 2) % 11;
  const check = (12 - total) % 11;
  const good = text[15] === (check === 10 ? "X" : String(check));
  return good ? `https://orcid.org/${text.replace(/(.{4})(?=.)/g, "$1-")}` : undefined;
}

/** Crockford's base 32: no i, l, o, u. */
const BASE32 = "0123456789abcdefghjkmnpqrstvwxyz";

/**
 * A ROR id in its one spelling, "https://ror.org/012p63287"; given with or without address.
 * @returns undefined for what is none
 * Source: ROR, "ROR identifier pattern" (a 0, six characters of Crockford's base 32, two digits of ISO 7064 MOD 97-10).
 */
export function rorOf(given: string): string | undefined {
  const [, id] = /^(?:https?:\/\/)?(?:www\.)?(?:ror\.org\/)?(0[0-9a-hjkmnp-tv-z]{6}\d{2})\/?$/i.exec(given.trim()) ?? [];
  if (id === undefined) return undefined;
  const text = id.toLowerCase();
  let number = 0;
  for (const character of text.slice(1, 7)) number = number * 32 + BASE32.indexOf(character);
  return Number(text.slice(7)) === 98 - ((number * 100) % 97) ? `https://ror.org/${text}` : undefined;
}
