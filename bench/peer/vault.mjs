// vault.mjs — keys and sealing: one AES-256 key for each person, wrapped under a master key that lies beside the database;
// what is searched is found by HMAC-SHA-256 under a key of its own.
import crypto from 'node:crypto';
import fs from 'node:fs';

const NONCE = 12, TAG = 16;

function secret(file) {
  try {
    fs.writeFileSync(file, crypto.randomBytes(64), { mode: 0o600, flag: 'wx' });
  } catch (e) {
    if (e.code !== 'EEXIST') throw e;
  }
  const bytes = fs.readFileSync(file);
  return { master: bytes.subarray(0, 32), index: bytes.subarray(32) };
}

function lock(key, bytes, about) {
  const nonce = crypto.randomBytes(NONCE);
  const c = crypto.createCipheriv('aes-256-gcm', key, nonce);
  c.setAAD(about);
  const sealed = c.update(bytes);
  c.final();
  return Buffer.concat([nonce, sealed, c.getAuthTag()]);
}

function unlock(key, box, about) {
  const d = crypto.createDecipheriv('aes-256-gcm', key, box.subarray(0, NONCE));
  d.setAAD(about);
  d.setAuthTag(box.subarray(box.length - TAG));
  const open = d.update(box.subarray(NONCE, box.length - TAG));
  d.final();
  return open;
}

export class Vault {
  constructor(file) {
    this.keys = secret(file);
  }

  // A new person: {wrapped, sealed}. id, a Buffer, is bound to both.
  seal(id, value) {
    const key = crypto.randomBytes(32);
    return { wrapped: lock(this.keys.master, key, id), sealed: lock(key, Buffer.from(JSON.stringify(value)), id) };
  }

  open(id, wrapped, sealed) {
    return JSON.parse(unlock(unlock(this.keys.master, wrapped, id), sealed, id));
  }

  token(field, value) {
    return crypto.createHmac('sha256', this.keys.index).update(`${field}\0${value.normalize('NFC').toLowerCase()}`).digest().subarray(0, 16);
  }
}
