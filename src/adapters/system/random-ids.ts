import { randomBytes } from 'node:crypto';
import { idLetters, type Ids } from '../../ids.ts';

/** Crockford's base 32: no i, l, o, u, so that an id survives being read aloud. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

/** Ids of 60 random bits. */
export const randomIds: Ids = {
  next: (kind) => idLetters[kind] + [...randomBytes(12)].map((byte) => alphabet[byte & 31]).join(''),
};
