// Signing in as people do: by a link, a password, a code, a passkey, in a browser and over JSON; and as those who attack it do.
// The browser is headless Chromium with a virtual authenticator; answers that no browser would give come from one made here.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import https from 'node:https';
import { createRequire } from 'node:module';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { chromium } from 'playwright-core';
import { Instance, sleep, until } from './lib.mjs';

const axe = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const sejf = new Instance({ charters: ['events'] });
const words = 'correct horse battery staple of';
let browser, admin, tenant;

// ---- codes of an authenticator app (RFC 6238)
const base32 = (text) => {
  let bits = '';
  for (const c of text.replace(/[ =]/g, '')) bits += 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0');
  return Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
};
function totp(secret, step = 0) {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000) + step));
  const mac = crypto.createHmac('sha1', base32(secret)).update(counter).digest(), at = mac[19] & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1000000).padStart(6, '0');
}
// Far enough from the end of a step that a code is still of it when it arrives, on a busy machine, too.
const calmStep = () => until('a step with room', () => Date.now() % 30000 < 12000, 40000, 250);

// ---- an authenticator of our own
const b64 = (bytes) => Buffer.from(bytes).toString('base64url');
class Key {
  constructor() {
    this.pair = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.id = crypto.randomBytes(32);
    this.count = 0;
  }
  client(type, challenge, more = {}) { return Buffer.from(JSON.stringify({ type, challenge, origin: sejf.url, crossOrigin: false, ...more })); }
  head(rp, flags, count) {
    const tail = Buffer.alloc(5);
    tail[0] = flags;
    tail.writeUInt32BE(count, 1);
    return Buffer.concat([crypto.createHash('sha256').update(rp).digest(), tail]);
  }
  create(asked) {
    const { x, y } = this.pair.publicKey.export({ format: 'jwk' });
    const cose = Buffer.concat([Buffer.from('a5010203262001215820', 'hex'), Buffer.from(x, 'base64url'), Buffer.from('225820', 'hex'), Buffer.from(y, 'base64url')]);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(this.id.length);
    this.user = asked.user.id;
    const data = Buffer.concat([this.head(asked.rp.id, 0x45, this.count), Buffer.alloc(16), length, this.id, cose]);
    return { name: 'made here', clientDataJSON: b64(this.client('webauthn.create', asked.challenge)), authenticatorData: b64(data) };
  }
  get(asked, { rp = asked.rpId, client = {}, type = 'webauthn.get', flags = 0x05, count = ++this.count, challenge = asked.challenge } = {}) {
    const data = this.head(rp, flags, count), text = this.client(type, challenge, client);
    const signature = crypto.sign('sha256', Buffer.concat([data, crypto.createHash('sha256').update(text).digest()]), this.pair.privateKey);
    return { id: b64(this.id), clientDataJSON: b64(text), authenticatorData: b64(data), signature: b64(signature), userHandle: this.user };
  }
}

// nginx takes so many requests a second from one address, which these tests exceed: they come again. A refusal of the server itself has a detail.
async function unhurried(call) {
  for (let i = 0; ; i++) {
    const r = await call();
    if (r.status !== 429 || r.json?.detail !== undefined || i === 100) return r;
    await sleep(500);
  }
}
// ---- a client with a cookie
class Person {
  constructor(cookie) { this.cookie = cookie; }
  async call(method, target, body, headers = {}) {
    const h = { ...headers };
    if (this.cookie) h.cookie = `__Host-sejf=${this.cookie}`;
    if (this.csrf && h['sejf-csrf'] === undefined) h['sejf-csrf'] = this.csrf;
    if (h['sejf-csrf'] === '') delete h['sejf-csrf'];
    const r = await unhurried(() => sejf.call(method, target, { body, headers: h }));
    for (const line of r.headers['set-cookie'] || []) {
      const set = /^__Host-sejf=([^;]*)/.exec(line);
      if (set) { this.cookie = set[1]; this.line = line; }
    }
    if (r.json?.csrf) this.csrf = r.json.csrf;
    return r;
  }
  async must(status, ...args) {
    const r = await this.call(...args);
    assert.equal(r.status, status, `${args[0]} ${args[1]}: ${r.text}`);
    return r.json;
  }
}
const secretOf = (link) => link.slice(link.lastIndexOf('/') + 1);
const passwordOf = (email) => `${words} ${email.split('@')[0]}`;

// Whoever takes an invitation and sets up an app where the role asks for a second step.
// step: of the code that is used up by it.
async function join(link, email, step = 0) {
  const p = new Person();
  let r = await p.must(200, 'POST', '/v1/account/link/accept', { link: secretOf(link), name: 'Ewa Link', password: passwordOf(email) });
  p.email = email;
  if (r.step === 'enrol') {
    p.totp = (await p.must(200, 'POST', '/v1/account/totp/begin')).secret;
    if (step !== 0) await calmStep();
    r = await p.must(200, 'POST', '/v1/account/totp/confirm', { code: totp(p.totp, step) });
  }
  assert.equal(r.step, 'whole');
  return p;
}
async function invite(email, role = 'door', step = 0) {
  const made = await admin.owner.must(201, 'POST', `/v1/tenants/${tenant}/members`, { role, email, name: 'Ewa Link' });
  return join(made.link, email, step);
}
async function signIn(email, code) {
  const p = new Person();
  p.email = email;
  let r = await p.must(200, 'POST', '/v1/account/sign-in', { email, password: passwordOf(email) });
  if (r.step === 'second') r = await p.must(200, 'POST', '/v1/account/second', { code });
  assert.equal(r.step, 'whole');
  return p;
}
const linkIn = (text) => /https:\/\/\S+\/account\/link\/[\w-]+/.exec(text)[0];
async function picture(page, name) {
  if (process.env.SEJF_PICTURES) await page.screenshot({ path: path.join(process.env.SEJF_PICTURES, `account-${name}.png`), fullPage: true });
}
const open = (options = {}) => browser.newContext({ ignoreHTTPSErrors: true, locale: 'en-GB', ...options });
async function authenticator(page) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', { options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true } });
  return { cdp, authenticatorId };
}

// How many passwords were hashed, by the operator's metrics. The server must be able to read the file of their token.
const metrics = crypto.randomBytes(16).toString('hex');
async function hashed() {
  const r = await sejf.call('GET', '/metrics', { token: metrics });
  assert.equal(r.status, 200, r.text);
  return Number(/^sejf_passwords_hashed_total (\d+)$/m.exec(r.text)[1]);
}

before(async () => {
  await sejf.init();
  await sejf.start();                          // the first start gives the directories to their users
  await sejf.stop();
  const file = path.join(sejf.data, 'metrics.token'), store = fs.statSync(path.join(sejf.data, 'store'));
  fs.writeFileSync(file, `${metrics}\n`, { mode: 0o600 });
  if (process.getuid() === 0) fs.chownSync(file, store.uid, store.gid);
  fs.appendFileSync(path.join(sejf.data, 'sejf.yaml'), 'metrics_token: metrics.token\n');
  await sejf.start();
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
});
after(async () => { await browser?.close(); await sejf.remove(); });

test('the first account comes in by its link, in a browser, with a passkey', async () => {
  const made = await sejf.runAsync(['user', 'new', '--operator', '--role', 'administrator', '--email', '-', '--name', 'Jadwiga Sowa'], { input: 'jadwiga.sowa@people.example\n' });
  assert.equal(made.status, 0, made.stderr);
  const link = linkIn(made.stdout), context = await open(), page = await context.newPage();
  const { cdp, authenticatorId } = await authenticator(page);
  const answer = await page.goto(link);
  assert.equal(answer.status(), 200);
  assert.match(answer.headers()['content-security-policy'], /script-src 'self'/);
  assert.doesNotMatch(answer.headers()['content-security-policy'], /unsafe/);
  assert.match(answer.headers()['cache-control'], /no-store/);
  assert.equal(await page.getAttribute('#password', 'autocomplete'), 'new-password');
  await page.click('[data-show=password]');                        // the switch
  assert.equal(await page.getAttribute('#password', 'type'), 'text');
  await page.fill('#name', 'Jadwiga Sowa');
  await page.fill('#password', 'short words');
  await page.evaluate(() => { document.getElementById('password').removeAttribute('minlength'); });
  await page.click('main form button[type=submit]');
  assert.equal(await page.locator('#password-error').count(), 1);   // refused in words, and nothing is lost but the password
  assert.equal(await page.inputValue('#name'), 'Jadwiga Sowa');
  await page.fill('#password', `${words} jadwiga`);
  await page.click('main form button[type=submit]');
  await page.waitForURL(/\/account\?/);
  assert.equal(await page.locator('[data-passkey=create]').count(), 1);
  const adds = page.locator('[data-passkey=create] button');
  if (await page.locator('details:has([data-passkey=create]) summary').count() > 0) await page.click('details:has([data-passkey=create]) summary');
  await page.fill('#passkey-name', 'Test key');
  await adds.click();
  // The session waited for a second step, and the new passkey gave it in the same go.
  await page.waitForSelector('section h3#passkeys', { timeout: 60000 });
  assert.match(await page.innerText('main'), /Test key/);
  assert.equal((await page.goto(link)).status(), 404);              // once
  await picture(page, 'link-gone');
  const [cookie] = (await context.cookies()).filter((c) => c.name === '__Host-sejf');
  assert.deepEqual([cookie.httpOnly, cookie.secure, cookie.sameSite, cookie.path, cookie.expires, cookie.domain], [true, true, 'Lax', '/', -1, 'localhost']);
  // Out, and in again with the passkey alone.
  await page.goto(`${sejf.url}/account`);
  await page.click('form[action^="/account/sign-out"] button');
  await page.waitForURL(/done=out/);
  await page.click('[data-passkey=get] button');
  await page.waitForURL(/\/account\?lang=en$/, { timeout: 60000 });
  assert.match(await page.innerText('main'), /jadwiga\.sowa@people\.example/);
  admin = new Person((await context.cookies()).find((c) => c.name === '__Host-sejf').value);
  await admin.must(200, 'GET', '/v1/account');
  // A second sign-in: password, then the passkey as the second step.
  const other = await open(), second = await other.newPage();
  const twin = await authenticator(second);
  const { credentials } = await cdp.send('WebAuthn.getCredentials', { authenticatorId });
  assert.equal(credentials.length, 1);
  await twin.cdp.send('WebAuthn.addCredential', { authenticatorId: twin.authenticatorId, credential: { ...credentials[0], signCount: credentials[0].signCount + 10 } });
  await second.goto(`${sejf.url}/account`);
  await second.fill('#email', 'jadwiga.sowa@people.example');
  await second.fill('#password', `${words} jadwiga`);
  await second.click('main form button[type=submit]');
  await second.waitForURL(/\/account\/second/);
  await picture(second, 'second');
  await second.click('[data-passkey=get] button');
  await second.waitForURL(/\/account\?lang=en$/, { timeout: 60000 });
  // The first authenticator is now behind: whoever copied it is refused, and is told in words.
  await page.click('form[action^="/account/sign-out"] button');
  await page.waitForURL(/done=out/);
  await page.click('[data-passkey=get] button');
  await until('the refusal', async () => (await page.innerText('[data-passkey=get] [role=alert]')).length > 10, 60000);
  assert.equal((await context.cookies()).filter((c) => c.name === '__Host-sejf').length, 0);
  admin = new Person((await other.cookies()).find((c) => c.name === '__Host-sejf').value);
  await admin.must(200, 'GET', '/v1/account');
  await context.close();
  await other.close();
});

test('the operator makes a tenant, whose owner comes in and invites', async () => {
  const made = await admin.must(201, 'POST', '/v1/tenants', { service: 'events', name: 'Gdynia Talks', owner: { email: 'ola.owner@people.example', name: 'Ola Owner' } });
  tenant = made.tenant;
  assert.equal((await admin.call('POST', '/v1/tenants', { service: 'events', name: 'Gdynia Talks' })).status, 409);
  assert.ok((await admin.must(200, 'GET', '/v1/tenants')).items.some((t) => t.tenant === tenant));
  admin.owner = await join(made.link, 'ola.owner@people.example');
  const me = await admin.owner.must(200, 'GET', '/v1/account');
  assert.deepEqual(me.memberships.map((m) => [m.tenant, m.role]), [[tenant, 'organiser']]);
  assert.equal((await admin.owner.call('GET', '/v1/tenants')).status, 404);
  assert.equal((await admin.owner.call('GET', '/v1/tenants/0/members')).status, 404);
  assert.equal((await admin.owner.call('GET', `/v1/tenants/${tenant + 1000}/members`)).status, 404);
  const door = await invite('dana.door@people.example');
  assert.equal((await door.call('POST', `/v1/tenants/${tenant}/members`, { role: 'organiser', email: 'x@people.example' })).status >= 403, true);
  const members = (await admin.owner.must(200, 'GET', `/v1/tenants/${tenant}/members`)).items;
  assert.deepEqual(members.map((m) => m.role).sort(), ['door', 'organiser']);
  const id = members.find((m) => m.role === 'door').account;
  await admin.owner.must(204, 'POST', `/v1/tenants/${tenant}/members/${id}/suspend`);
  await admin.owner.must(204, 'POST', `/v1/tenants/${tenant}/members/${id}/resume`);
  await admin.owner.must(204, 'DELETE', `/v1/tenants/${tenant}/members/${id}`);
  const history = (await admin.owner.must(200, 'GET', `/v1/tenants/${tenant}/members/history`)).items;
  assert.ok(history.length >= 4, JSON.stringify(history));
  assert.ok(!JSON.stringify(history).includes('people.example'));
  const own = members.find((m) => m.role === 'organiser').account;
  assert.equal((await admin.owner.call('DELETE', `/v1/tenants/${tenant}/members/${own}`)).status, 409);     // the last owner
});

test('a code of an app works once, one step to either side and no more', async () => {
  const p = await invite('tara.totp@people.example', 'organiser', -1);       // leaves this step and the next for signing in
  const half = new Person();
  assert.equal((await half.must(200, 'POST', '/v1/account/sign-in', { email: p.email, password: passwordOf(p.email) })).step, 'second');
  for (const wrong of [() => totp(p.totp, -2), () => totp(p.totp, 2), () => totp(p.totp, -1) /* used to set it up, or too old by now */, () => 'abcdef']) {
    await calmStep();
    assert.equal((await half.call('POST', '/v1/account/second', { code: wrong() })).status, 401, `${wrong}`);
  }
  const before = half.cookie, first = totp(p.totp, 0);
  await half.must(200, 'POST', '/v1/account/second', { code: `${first.slice(0, 3)} ${first.slice(3)}` });
  assert.notEqual(half.cookie, before);
  assert.equal((await new Person(before).call('GET', '/v1/account')).status, 401);                           // the step before is worth nothing
  const again = new Person();
  await again.must(200, 'POST', '/v1/account/sign-in', { email: p.email, password: passwordOf(p.email) });
  assert.notEqual((await again.call('POST', '/v1/account/second', { code: first })).status, 200);            // once
  await again.must(200, 'POST', '/v1/account/second', { code: totp(p.totp, 1) });                            // one step of skew
});

test('a recovery code stands once for the second step', async () => {
  const p = await invite('rita.codes@people.example', 'organiser');
  const { codes } = await p.must(201, 'POST', '/v1/account/codes');
  assert.equal(new Set(codes).size, 10);
  await signIn(p.email, codes[3].toLowerCase().replace(/-/g, ' '));
  const again = new Person();
  await again.must(200, 'POST', '/v1/account/sign-in', { email: p.email, password: passwordOf(p.email) });
  assert.notEqual((await again.call('POST', '/v1/account/second', { code: codes[3] })).status, 200);
  await again.must(200, 'POST', '/v1/account/second', { code: codes[4] });
  assert.equal((await again.must(200, 'GET', '/v1/account')).second.codes, 8);
});

test('a passkey that answers wrongly in any way opens nothing', async () => {
  const p = await invite('vera.key@people.example', 'organiser'), key = new Key();
  const asked = await p.must(200, 'POST', '/v1/account/passkeys/begin');
  const good = key.create(asked);
  for (const wrong of [{ ...good, clientDataJSON: b64(key.client('webauthn.get', asked.challenge)) }, { ...good, clientDataJSON: b64(key.client('webauthn.create', b64(crypto.randomBytes(32)))) },
    { ...good, clientDataJSON: b64(key.client('webauthn.create', asked.challenge, { origin: 'https://evil.example' })) }, { ...good, authenticatorData: good.authenticatorData.slice(0, -8) },
    { name: 'none' }, { ...good, authenticatorData: 7 }])
    assert.ok((await p.call('POST', '/v1/account/passkeys', wrong)).status >= 400);
  await p.must(200, 'POST', '/v1/account/passkeys', good);
  assert.ok((await p.call('POST', '/v1/account/passkeys', good)).status >= 400);                             // replayed
  const tries = [
    ['another site', { rp: 'evil.example' }], ['a neighbour of the site', { rp: 'localhost.evil.example' }], ['another origin', { client: { origin: 'https://evil.example' } }],
    ['a frame of another site', { client: { crossOrigin: true } }], ['another kind', { type: 'webauthn.create' }], ['another challenge', { challenge: b64(crypto.randomBytes(32)) }],
    ['nobody present', { flags: 0x04 }], ['nobody verified', { flags: 0x01 }],
  ];
  for (const [what, how] of tries) {
    const nobody = new Person(), ask = await nobody.must(200, 'POST', '/v1/account/passkey/begin', {});
    assert.equal((await nobody.call('POST', '/v1/account/passkey', key.get(ask, how))).status, 401, what);
    assert.equal(nobody.cookie, undefined);
  }
  const somebody = new Person(), ask = await somebody.must(200, 'POST', '/v1/account/passkey/begin', {}), answer = key.get(ask);
  const flipped = Buffer.from(answer.signature, 'base64url');
  flipped[flipped.length - 1] ^= 1;
  assert.equal((await somebody.call('POST', '/v1/account/passkey', { ...answer, signature: b64(flipped) })).status, 401);
  assert.equal((await somebody.must(200, 'POST', '/v1/account/passkey', answer)).step, 'whole');
  assert.ok([401, 409].includes((await new Person().call('POST', '/v1/account/passkey', answer)).status));  // replayed
  const clone = new Person(), asks = await clone.must(200, 'POST', '/v1/account/passkey/begin', {});
  assert.equal((await clone.call('POST', '/v1/account/passkey', key.get(asks, { count: 1 }))).status, 409);  // the counter went back
  assert.equal(clone.cookie, undefined);
});

test('a reset link ends every session, and is taken once', async () => {
  const p = await invite('rosa.reset@people.example');
  const one = await signIn(p.email), members = (await admin.owner.must(200, 'GET', `/v1/tenants/${tenant}/members`)).items;
  const id = members.find((m) => m.email === p.email).account;
  const { link } = await admin.owner.must(201, 'POST', `/v1/tenants/${tenant}/members/${id}/reset`);
  assert.equal((await new Person().must(200, 'POST', '/v1/account/link', { link: secretOf(link) })).purpose, 'reset');
  const fresh = new Person();
  assert.equal((await fresh.call('POST', '/v1/account/link/accept', { link: secretOf(link), password: 'passwordpassword' })).status, 422);     // leaked
  await fresh.must(200, 'POST', '/v1/account/link/accept', { link: secretOf(link), password: `${words} rosa anew` });
  await until('the old sessions to end', async () => (await one.call('GET', '/v1/account')).status === 401 && (await p.call('GET', '/v1/account')).status === 401);
  assert.equal((await new Person().call('POST', '/v1/account/link/accept', { link: secretOf(link), password: `${words} rosa once more` })).status, 404);
  assert.equal((await new Person().call('POST', '/v1/account/sign-in', { email: p.email, password: passwordOf(p.email) })).status, 401);
});

test('what comes to sign in is small', async () => {
  const r = await unhurried(() => sejf.call('POST', '/v1/account/sign-in', { body: { email: 'a@people.example', password: 'x'.repeat(70000) } }));
  assert.equal(r.status, 413);
  for (const body of ['{', '[]', '{"email": 1, "password": "x"}', '{"email": "a@people.example"}', '{"email": "a@people.example", "password": "x", "more": 1}', `{"email": "${'a'.repeat(300)}", "password": "x"}`,
    '{"email": "a@people.example", "password": "x\\u0000y"}', `{"email": "a@people.example", "password": "${'x'.repeat(2000)}"}`]) {
    const answer = await unhurried(() => sejf.call('POST', '/v1/account/sign-in', { body }));
    assert.ok([400, 422].includes(answer.status), `${body.slice(0, 60)}: ${answer.text}`);
  }
});

test('sessions are listed and ended', async () => {
  const p = await invite('sara.sessions@people.example'), other = await signIn(p.email);
  const list = (await p.must(200, 'GET', '/v1/account/sessions')).items;
  assert.equal(list.length, 2);
  assert.equal(list.filter((s) => s.own).length, 1);
  await p.must(204, 'DELETE', `/v1/account/sessions/${list.find((s) => !s.own).number}`);
  await until('it to end', async () => (await other.call('GET', '/v1/account')).status === 401);
  const third = await signIn(p.email);
  await p.must(204, 'DELETE', '/v1/account/sessions');
  await until('all others to end', async () => (await third.call('GET', '/v1/account')).status === 401);
  assert.equal((await p.must(200, 'GET', '/v1/account/sessions')).items.length, 1);
  const out = await p.call('POST', '/v1/account/sign-out');
  assert.equal(out.status, 204, out.text);
  assert.match(out.headers['clear-site-data'], /storage/);
  assert.match(p.line, /^__Host-sejf=;.*Max-Age=0/);
});

test('a cookie that was there before is worth nothing after', async () => {
  const planted = crypto.randomBytes(32).toString('base64url'), p = await invite('fia.fixed@people.example');
  const victim = new Person(planted);
  await victim.must(200, 'POST', '/v1/account/sign-in', { email: p.email, password: passwordOf(p.email) });
  assert.notEqual(victim.cookie, planted);
  assert.equal((await new Person(planted).call('GET', '/v1/account')).status, 401);
  assert.match(victim.line, /; Path=\/; Secure; HttpOnly; SameSite=Lax$/);
  assert.doesNotMatch(victim.line, /Domain|Expires|Max-Age/i);
  const before = victim.cookie;
  await victim.must(200, 'POST', '/v1/account/confirm', { password: passwordOf(p.email) });
  assert.notEqual(victim.cookie, before);                                                                    // rotated
  assert.equal((await new Person(before).call('GET', '/v1/account')).status, 401);
  for (const odd of ['', 'x', 'A'.repeat(43), 'A'.repeat(4000), '../../x', `${victim.cookie}A`])
    assert.equal((await new Person(odd).call('GET', '/v1/account')).status, 401, odd);
});

test('nobody learns which addresses are known', async () => {
  const p = await invite('nora.known@people.example');
  const said = async (email) => {
    const before = await hashed();
    const r = await new Person().call('POST', '/v1/account/sign-in', { email, password: 'not the right words at all' });
    const { request, ...rest } = r.json;
    return { status: r.status, rest, names: Object.keys(r.headers).sort(), work: await hashed() - before };
  };
  const known = await said(p.email);
  assert.deepEqual(known, await said('nobody.here@people.example'));
  assert.equal(known.work, 1);                                      // and the same work: the time is the same
  const page = async (email) => {
    const first = await unhurried(() => sejf.call('GET', '/account')), cookie = first.headers['set-cookie'].find((c) => c.startsWith('__Host-sejf-form=')).split(';')[0];
    const token = /name="\.token" value="([^"]+)"/.exec(first.text)[1];
    const r = await unhurried(() => sejf.call('POST', '/account', { type: 'application/x-www-form-urlencoded', headers: { cookie }, body: new URLSearchParams({ '.token': token, email, password: 'not the right words at all' }).toString() }));
    return [r.status, r.text.replaceAll(email, '').replace(/value="1\.[^"]*"/g, '')];
  };
  assert.deepEqual(await page(p.email), await page('nobody.here@people.example'));
});

test('a form of signing in that was not served to this browser is shown anew, and signs nobody in', async () => {
  const p = await invite('lora.login@people.example'), body = new URLSearchParams({ email: p.email, password: passwordOf(p.email) }).toString(), type = 'application/x-www-form-urlencoded';
  const other = await unhurried(() => sejf.call('GET', '/account')), token = /name="\.token" value="([^"]+)"/.exec(other.text)[1];
  for (const [text, headers] of [[body, {}], [`${body}&.token=${token}`, {}], [`${body}&.token=${token}`, { cookie: `__Host-sejf-form=${crypto.randomBytes(32).toString('base64url')}` }]]) {
    const r = await unhurried(() => sejf.call('POST', '/account', { type, body: text, headers }));
    assert.equal(r.status, 303);
    assert.match(r.headers.location, /^\/account\?lang=en&done=old$/);
    assert.ok(!(r.headers['set-cookie'] || []).some((c) => c.startsWith('__Host-sejf=')));
  }
  const r = await unhurried(() => sejf.call('POST', '/account', { type, body: `${body}&.token=${token}`, headers: { cookie: other.headers['set-cookie'][0].split(';')[0], 'sec-fetch-site': 'cross-site' } }));
  assert.equal(r.status, 403);
  assert.ok(!(r.headers['set-cookie'] || []).some((c) => c.startsWith('__Host-sejf=')));
});

test('many attempts from one address do not keep others out', async () => {
  const p = await invite('lena.late@people.example');
  const from = (address, body) => new Promise((done, fail) => {
    const text = JSON.stringify(body);
    const req = https.request({ host: '127.0.0.1', localAddress: address, port: sejf.port, path: '/v1/account/sign-in', method: 'POST', servername: 'localhost', ca: fs.readFileSync(sejf.ca), agent: false,
      headers: { host: `localhost:${sejf.port}`, 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) } }, (res) => {
      res.resume();
      res.on('end', () => done({ status: res.statusCode, retry: res.headers['retry-after'] }));
    });
    req.setTimeout(60000, () => req.destroy(new Error('no answer')));
    req.on('error', fail);
    req.end(text);
  });
  // On a busy machine nginx cuts off connections that are slow to say what they want, which keeps others out as little as a refusal.
  const cut = () => ({ status: 0 });
  const flood = Array.from({ length: 200 }, (_, i) => from('127.0.0.2', { email: `nobody.${i % 7}@people.example`, password: 'not the right words at all' }).catch(cut));
  await sleep(50);
  const other = await until('somebody else to sign in', async () => {
    const r = await from('127.0.0.3', { email: p.email, password: passwordOf(p.email) });
    return r.status === 200 && r;
  }, 60000, 500);
  assert.equal(other.status, 200);
  const all = await Promise.all(flood), refused = all.filter((r) => r.status === 429 || r.status === 0);
  assert.ok(refused.length >= 50, `${refused.length} of 200 were refused`);
  assert.ok(all.every((r) => [0, 401, 429, 503].includes(r.status)), JSON.stringify([...new Set(all.map((r) => r.status))]));
});

test('everything but passkeys works without script', async () => {
  const made = await admin.owner.must(201, 'POST', `/v1/tenants/${tenant}/members`, { role: 'organiser', email: 'nina.noscript@people.example', name: 'Nina', language: 'pl' });
  const context = await open({ javaScriptEnabled: false, locale: 'pl-PL' }), page = await context.newPage(), password = `${words} nina`;
  await page.goto(made.link);
  assert.equal(await page.getAttribute('html', 'lang'), 'pl');
  await page.fill('#name', 'Nina Bez');
  await page.fill('#password', password);
  await page.click('main form button[type=submit]');
  assert.equal(await page.locator('[data-passkey]:visible').count(), 0);
  await page.click('form[action^="/account/totp/begin"] button');
  assert.ok(await page.locator('.scan svg').isVisible());
  const secret = (await page.innerText('.address code')).replace(/ /g, '');
  await page.fill('#code', '000000');
  await page.click('form[action^="/account/totp?"] button');
  assert.equal(await page.locator('[role=alert]').count(), 1);
  await page.fill('#code', totp(secret));
  await page.click('form[action^="/account/totp?"] button');
  assert.match(await page.innerText('main'), /nina\.noscript@people\.example/);
  await picture(page, 'own-pl');
  await page.click('form[action^="/account/codes"] button');
  assert.equal(await page.locator('.codes code').count(), 10);
  await picture(page, 'codes-pl');
  const code = await page.locator('.codes code').first().innerText();
  await page.click('main a.button');
  await page.click('details:has(#label) summary');
  await page.fill('#label', 'nightly');
  await page.click('form[action^="/account/tokens?"] button');
  const token = await page.innerText('.address code');
  assert.match(token, /^sejf_/);
  assert.equal((await sejf.call('GET', '/v1/events/event', { token })).status, 200);
  assert.equal((await sejf.call('POST', '/v1/events/event', { token, body: { fields: { title: 'x' } } })).status, 403);     // it may only read
  await page.click('main a.button');
  await page.click('form[action^="/account/tokens/revoke"] button');
  await until('the token to be revoked', async () => (await sejf.call('GET', '/v1/events/event', { token })).status === 401);
  await page.click('form[action^="/account/sign-out"] button');
  await page.fill('#email', 'nina.noscript@people.example');
  await page.fill('#password', 'not the right words');
  await page.click('main form button[type=submit]');
  assert.equal(await page.locator('[role=alert]').count() >= 1, true);
  assert.equal(await page.inputValue('#email'), 'nina.noscript@people.example');
  assert.ok(!page.url().includes('nina'));
  await page.fill('#password', password);
  await page.click('main form button[type=submit]');
  await page.fill('#code', code);
  await page.click('main form button[type=submit]');
  assert.match(await page.innerText('main'), /nina\.noscript@people\.example/);
  await context.close();
});

for (const locale of ['en-GB', 'pl-PL', 'hu-HU'])
  test(`the pages pass axe and speak ${locale}`, async () => {
    const email = `axel.${locale.slice(0, 2)}@people.example`, p = await invite(email, 'organiser');
    for (const [size, viewport] of [['desktop', { width: 1280, height: 900 }], ['phone', { width: 390, height: 844 }]]) {
      const context = await open({ locale, viewport, bypassCSP: true }), page = await context.newPage(), lang = locale.slice(0, 2);
      const look = async (name, at) => {
        const answer = await page.goto(`${sejf.url}${at}${at.includes('?') ? '&' : '?'}lang=${lang}`);
        assert.equal(answer.status(), 200, at);
        assert.equal(await page.getAttribute('html', 'lang'), lang);
        await page.evaluate(axe);
        const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
        assert.deepEqual(found.violations.map((v) => `${v.id}: ${v.nodes[0].html.slice(0, 120)}`), [], `${name} ${size}`);
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth + 1), `${name} is wider than a ${size}`);
        await picture(page, `${name}-${size}-${lang}`);
      };
      await look('sign', '/account');
      await context.addCookies([{ name: '__Host-sejf', value: p.cookie, url: sejf.url, httpOnly: true, secure: true, sameSite: 'Lax' }]);
      await look('own', '/account');
      await look('confirm', '/account/confirm');
      await context.close();
    }
  });

// Last, for it uses up what nginx lets one address ask.
test('every call by cookie that changes something needs its token and our origin', async () => {
  const p = await invite('cara.csrf@people.example', 'organiser');
  const doc = (await unhurried(() => sejf.call('GET', '/v1/account/openapi.json'))).json;
  let tried = 0;
  for (const [target, methods] of Object.entries(doc.paths))
    for (const [method, op] of Object.entries(methods)) {
      const at = target.replace('{tenant}', String(tenant)).replace('{account}', '01931f00-0000-7000-8000-000000000000').replace('{service}', 'events').replace(/\{\w+\}/g, '1'), verb = method.toUpperCase();
      if (op.security.length > 0 && verb === 'GET') assert.equal((await unhurried(() => sejf.call(verb, at))).status, 401, `${verb} ${at} without a session`);
      if (verb === 'GET') continue;
      for (const headers of [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }])
        assert.equal((await p.call(verb, at, {}, headers)).status, 403, `${verb} ${at} from ${JSON.stringify(headers)}`);
      if (op.security.length === 0) {
        assert.equal((await unhurried(() => sejf.call(verb, at, { body: 'email=a', type: 'application/x-www-form-urlencoded' }))).status, 415, `${verb} ${at} as a form`);
        assert.equal((await unhurried(() => sejf.call(verb, at, { body: '{}', type: 'text/plain' }))).status, 415, `${verb} ${at} as text`);
        continue;
      }
      for (const csrf of ['', 'A'.repeat(43), admin.owner.csrf])
        assert.equal((await p.call(verb, at, {}, { 'sejf-csrf': csrf })).status, 403, `${verb} ${at} with ${csrf || 'no'} token`);
      tried++;
    }
  assert.ok(tried >= 20, `${tried}`);
  await p.must(200, 'GET', '/v1/account');                          // nothing of it was done
  assert.equal((await p.must(200, 'GET', '/v1/account/sessions')).items.length, 1);
  for (const at of ['/account/sign-out', '/account/profile', '/account/password', '/account/codes', '/account/tokens', '/account/join'])
    for (const body of ['x=1', '.token=AAAA', `.token=${admin.owner.csrf}`]) {
      const r = await unhurried(() => sejf.call('POST', at, { body, type: 'application/x-www-form-urlencoded', headers: { cookie: `__Host-sejf=${p.cookie}` } }));
      assert.equal(r.status, 403, `${at} with ${body}`);
    }
  const r = await unhurried(() => sejf.call('POST', '/account/sign-out', { body: `.token=${p.csrf}`, type: 'application/x-www-form-urlencoded', headers: { cookie: `__Host-sejf=${p.cookie}`, origin: 'https://evil.example' } }));
  assert.equal(r.status, 403);
  for (const headers of [{ origin: 'null' }, { 'sec-fetch-site': 'same-site' }, { origin: `${sejf.url}.evil.example` }])
    assert.equal((await p.call('DELETE', '/v1/account/sessions', undefined, headers)).status, 403);
  await p.must(200, 'GET', '/v1/account');
});

test('a secret in an address is refused wherever it stands', async () => {
  const p = await invite('quinn.query@people.example', 'organiser');
  for (const at of ['/v1/account', '/v1/account/sessions', `/v1/tenants/${tenant}/members`, '/v1/events/event', '/account', '/s/events', '/'])
    for (const query of ['token=sejf_AAAA', 'x=sejl_AAAA', 'access_token=x', `session=${p.cookie}`, 'limit=sejf_AAAA']) {
      const r = await p.call('GET', `${at}?${query}`);
      assert.equal(r.status, 400, `${at}?${query}`);
      assert.match(r.json.detail, /RFC 6750/);
      assert.ok(!r.text.includes(p.cookie));
    }
});
