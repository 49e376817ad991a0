import { google } from './google.js';
import { linkedin } from './linkedin.js';
import { meta } from './meta.js';
import type { Platform } from './platform.js';
import { tiktok } from './tiktok.js';

/** Every platform that conversions can go to: to add one is to write its file and its line here. */
export const platforms: readonly Platform[] = [meta, google, linkedin, tiktok];

const byName = new Map(platforms.map((platform) => [platform.name, platform]));

/** The platform of a destination. @throws if no such platform is in the list any more */
export function platformNamed(name: string): Platform {
  const platform = byName.get(name);
  if (platform === undefined) throw new Error(`There is no platform called ${name}.`);
  return platform;
}
