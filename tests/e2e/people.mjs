// people.mjs — people who sign in, as a browser would do it: a cookie, its Sejf-Csrf, codes of an authenticator app, and a passkey
// whose key is made here. Invitations come from the command line.
import assert from 'node:assert/strict';
import { createHash, createHmac, createSign, generateKeyPairSync, randomBytes } from 'node:crypto';

export const PASSWORD = 'Osiem zielonych parasoli 31';

// RFC 6238 with SHA-1, six digits, 30 seconds; ahead: so many steps later.
export function totp(secret, ahead = 0) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...secret.replace(/[= ]/g, '')].map((c) => alphabet.indexOf(c).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000) + ahead));
  const mac = createHmac('sha1', key).update(step).digest(), at = mac[19] & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1000000).padStart(6, '0');
}

// An authenticator with one ES256 key, which says that it verified the person.
export class Passkey {
  constructor(origin) {
    this.origin = origin;
    this.id = randomBytes(32);
    this.count = 0;
    this.keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  }

  client(type, challenge) { return Buffer.from(JSON.stringify({ type, challenge, origin: this.origin, crossOrigin: false })); }

  data(rp, flags, rest = Buffer.alloc(0)) {
    const count = Buffer.alloc(4);
    count.writeUInt32BE(++this.count);
    return Buffer.concat([createHash('sha256').update(rp).digest(), Buffer.from([flags]), count, rest]);
  }

  // The COSE form of the key: {1: 2, 3: -7, -1: 1, -2: x, -3: y}.
  cose() {
    const { x, y } = this.keys.publicKey.export({ format: 'jwk' });
    return Buffer.concat([Buffer.from('a5010203262001215820', 'hex'), Buffer.from(x, 'base64url'), Buffer.from('225820', 'hex'), Buffer.from(y, 'base64url')]);
  }

  create(options, name) {
    const wanted = options.publicKey || options;
    const length = Buffer.alloc(2);
    length.writeUInt16BE(this.id.length);
    this.user = wanted.user && wanted.user.id;
    return { name, clientDataJSON: this.client('webauthn.create', wanted.challenge).toString('base64url'),
      authenticatorData: this.data(wanted.rp.id, 0x45, Buffer.concat([Buffer.alloc(16), length, this.id, this.cose()])).toString('base64url') };
  }

  get(options) {
    const wanted = options.publicKey || options;
    const client = this.client('webauthn.get', wanted.challenge), data = this.data(wanted.rpId, 0x05);
    const signature = createSign('sha256').update(Buffer.concat([data, createHash('sha256').update(client).digest()])).sign(this.keys.privateKey);
    return { id: this.id.toString('base64url'), clientDataJSON: client.toString('base64url'), authenticatorData: data.toString('base64url'),
      signature: signature.toString('base64url'), ...(this.user ? { userHandle: this.user } : {}) };
  }
}

export class Visitor {
  constructor(sejf) { this.sejf = sejf; this.passkey = new Passkey(sejf.url); }

  async call(method, target, { body, tenant, headers = {} } = {}) {
    const h = { ...headers };
    if (this.cookie) h.cookie = `__Host-sejf=${this.cookie}`;
    if (this.csrf && method !== 'GET' && method !== 'HEAD') h['sejf-csrf'] = this.csrf;
    if (tenant !== undefined) h['sejf-tenant'] = String(tenant);
    if (method !== 'GET') h.origin = this.sejf.url;
    const r = await this.sejf.call(method, target, { body, headers: h });
    for (const line of r.headers['set-cookie'] || []) {
      const m = /^__Host-sejf=([^;]*)/.exec(line);
      if (m) this.cookie = m[1] || undefined;
    }
    if (r.json && r.json.csrf) this.csrf = r.json.csrf;
    return r;
  }

  async must(status, method, target, options) {
    const r = await this.call(method, target, options);
    assert.equal(r.status, status, `${method} ${target}: ${r.status} ${r.text}`);
    return r.json;
  }

  // The secret behind /account/link/.
  static secret(link) { return link.slice(link.lastIndexOf('/') + 1); }

  // A new person: a password, and then what the role asks beside it.
  async accept(link, { name, password = PASSWORD, passkey = false } = {}) {
    this.password = password;
    let me = await this.must(200, 'POST', '/v1/account/link/accept', { body: { link: Visitor.secret(link), password, ...(name ? { name } : {}) } });
    if (me.step === 'enrol') me = passkey ? await this.addPasskey() : await this.enrol();
    assert.equal(me.step, 'whole', JSON.stringify(me));
    this.id = me.account;
    return me;
  }

  async enrol() {
    const { secret } = await this.must(200, 'POST', '/v1/account/totp/begin', { body: {} });
    this.secret = secret;
    return this.must(200, 'POST', '/v1/account/totp/confirm', { body: { code: totp(secret) } });
  }

  async addPasskey() {
    const options = await this.must(200, 'POST', '/v1/account/passkeys/begin', { body: {} });
    const r = await this.call('POST', '/v1/account/passkeys', { body: this.passkey.create(options, 'test key') });
    assert.ok(r.status === 200 || r.status === 201, r.text);
    const me = await this.must(200, 'GET', '/v1/account');
    return me.step === 'second' ? this.signInByPasskey() : me;       // it proves itself at once
  }

  async signInByPasskey() {
    const options = await this.must(200, 'POST', '/v1/account/passkey/begin', { body: {} });
    return this.must(200, 'POST', '/v1/account/passkey', { body: this.passkey.get(options) });
  }

  // Elevated for the next minutes.
  confirm() { return this.must(200, 'POST', '/v1/account/confirm', { body: { password: this.password } }); }
}

// What a command printed for people: the link of an invitation.
export function invited(sejf, args, email) {
  const r = sejf.run([...args, '--json'], { input: `${email}\n` });
  assert.equal(r.status, 0, r.stderr + r.stdout);
  return JSON.parse(r.stdout);
}
