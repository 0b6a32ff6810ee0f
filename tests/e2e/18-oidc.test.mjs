// 18-oidc — sign-in by an OpenID Connect provider: a real one (npm oidc-provider) on loopback, with an authority of its own, reached by the sender alone.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import Provider from 'oidc-provider';
import { chromium } from 'playwright-core';
import { freePort, Instance, until } from './lib.mjs';

const it = new Instance({ charters: ['events'] });
const at = (name) => path.join(it.data, name);
const secret = 'a secret: of the client & more';
let browser;
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'sejf-oidc-'));

// ---- the provider

const { privateKey } = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
const jwk = { ...privateKey.export({ format: 'jwk' }), kid: 'first', use: 'sig', alg: 'RS256' };
const provider = { twist: null, asked: [], port: 0, server: null, get issuer() { return `https://localhost:${this.port}`; } };

function certificate(key, cert) {
  const r = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1',
    '-keyout', path.join(work, key), '-out', path.join(work, cert)], { encoding: 'utf8' });
  assert.equal(r.status, 0, r.stderr);
}

const b64 = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
function signed(claims) {
  const text = `${b64({ alg: 'RS256', kid: 'first' })}.${b64(claims)}`;
  return `${text}.${crypto.sign('RSA-SHA256', Buffer.from(text), privateKey).toString('base64url')}`;
}

// What the provider says may be bent on its way out.
const twists = {
  expired: (body) => ({ ...body, id_token: signed({ ...claims(body), iat: Math.floor(Date.now() / 1000) - 3600, exp: Math.floor(Date.now() / 1000) - 1800 }) }),
  'another issuer': (body) => ({ ...body, id_token: signed({ ...claims(body), iss: 'https://evil.example' }) }),
  'another audience': (body) => ({ ...body, id_token: signed({ ...claims(body), aud: 'other' }) }),
  'another nonce': (body) => ({ ...body, id_token: signed({ ...claims(body), nonce: 'other' }) }),
  'one factor': (body) => ({ ...body, id_token: signed({ ...claims(body), amr: ['pwd'] }) }),
  'two factors': (body) => ({ ...body, id_token: signed({ ...claims(body), amr: ['pwd', 'otp'] }) }),
  'no signature': (body) => ({ ...body, id_token: `${b64({ alg: 'none' })}.${body.id_token.split('.')[1]}.` }),
  'a bent signature': (body) => ({ ...body, id_token: `${body.id_token.slice(0, -8)}AAAAAAAA` }),
};
const claims = (body) => JSON.parse(Buffer.from(body.id_token.split('.')[1], 'base64url'));

function makeProvider() {
  const p = new Provider(provider.issuer, {
    clients: [{ client_id: 'sejf', client_secret: secret, redirect_uris: [`${it.url}/account/with/company/answer`], response_types: ['code'], grant_types: ['authorization_code'] }],
    jwks: { keys: [jwk] },
    cookies: { keys: ['of this test'] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    pkce: { required: () => true },
    findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id, email: `${id}@company.example`, email_verified: id !== 'unverified', name: 'Anna Zawilska' }) }),
  });
  p.proxy = true;
  return p.callback();
}

// Collects what the provider writes, so that it can be bent.
function bent(handle, req, res) {
  const parts = [], end = res.end.bind(res), head = res.writeHead.bind(res);
  res.writeHead = (status, ...more) => { res.statusCode = status; const h = more.find((m) => m && typeof m === 'object'); if (h) for (const [k, v] of Object.entries(h)) res.setHeader(k, v); return res; };
  res.write = (chunk) => { parts.push(Buffer.from(chunk)); return true; };
  res.end = (chunk) => {
    if (chunk) parts.push(Buffer.from(chunk));
    let text = Buffer.concat(parts).toString('utf8');
    if (res.statusCode === 200 && twists[provider.twist]) text = JSON.stringify(twists[provider.twist](JSON.parse(text)));
    res.setHeader('content-length', Buffer.byteLength(text));
    head(res.statusCode);
    end(text);
    return res;
  };
  handle(req, res);
}

async function startProvider() {
  const handle = makeProvider();
  provider.server = https.createServer({ key: fs.readFileSync(path.join(work, 'key.pem')), cert: fs.readFileSync(path.join(work, 'ca.pem')) }, (req, res) => {
    provider.asked.push(`${req.method} ${req.url.split('?')[0]}`);
    if (req.url === '/token') bent(handle, req, res);
    else handle(req, res);
  });
  await new Promise((done) => provider.server.listen(provider.port, '127.0.0.1', done));
}

async function stopProvider() {
  provider.server.closeAllConnections();
  await new Promise((done) => provider.server.close(done));
}

// ---- a server that answers whatever a test says: no provider at all

const bentServer = { port: 0, server: null, answer: null, asked: [] };
async function startBent(tls = {}) {
  bentServer.server = https.createServer({ key: fs.readFileSync(path.join(work, 'key.pem')), cert: fs.readFileSync(path.join(work, 'ca.pem')), ...tls }, (req, res) => {
    bentServer.asked.push(req.url);
    bentServer.answer(req, res);
  });
  bentServer.server.on('tlsClientError', () => {});
  await new Promise((done) => bentServer.server.listen(bentServer.port, '127.0.0.1', done));
}
async function stopBent() {
  if (!bentServer.server) return;
  bentServer.server.closeAllConnections();
  await new Promise((done) => bentServer.server.close(done));
  bentServer.server = null;
}
const says = (issuer, more = {}) => ({ issuer, authorization_endpoint: `${issuer}/auth`, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/keys`, ...more });
const json = (value) => (req, res) => { res.setHeader('content-type', 'application/json'); res.end(JSON.stringify(value)); };

// ---- a visitor with cookies of its own, without a browser

class Visitor {
  constructor() { this.jars = new Map(); }
  jar(origin) { if (!this.jars.has(origin)) this.jars.set(origin, new Map()); return this.jars.get(origin); }
  // One request; answers {status, location, text}.
  async ask(target, { method = 'GET', body, headers = {} } = {}) {
    const url = new URL(target), jar = this.jar(url.origin);
    const cookie = [...jar].map(([k, v]) => `${k}=${v}`).join('; ');
    const h = { ...(body !== undefined ? { 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(body) } : {}), ...headers, ...(cookie ? { cookie } : {}) };
    const ca = [fs.readFileSync(it.ca), fs.readFileSync(path.join(work, 'ca.pem'))];
    return new Promise((done, fail) => {
      const req = https.request(url, { method, headers: h, ca, timeout: 60000 }, (res) => {
        const parts = [];
        for (const line of res.headers['set-cookie'] || []) {
          const [pair] = line.split(';'), eq = pair.indexOf('=');
          if (/max-age=0/i.test(line) || /expires=Thu, 01 Jan 1970/i.test(line)) jar.delete(pair.slice(0, eq));
          else jar.set(pair.slice(0, eq), pair.slice(eq + 1));
        }
        res.on('data', (d) => parts.push(d));
        res.on('end', () => done({ status: res.statusCode, headers: res.headers, location: res.headers.location && new URL(res.headers.location, url).href, text: Buffer.concat(parts).toString('utf8') }));
      });
      req.on('timeout', () => req.destroy(new Error(`no answer: ${method} ${target}`)));
      req.on('error', fail);
      req.end(body);
    });
  }
  begin(query = '', headers = {}) { return this.ask(`${it.url}/account/with/company${query}`, { headers }); }
  // Goes through the provider's own pages as `login`; answers the address that it sends back to.
  async atProvider(start, login) {
    let r = await this.ask(start);
    for (let i = 0; i < 12; i++) {
      if (r.location && r.location.startsWith(it.url)) return r.location;
      if (r.location) { r = await this.ask(r.location); continue; }
      const form = r.text.match(/<form[^>]*action="([^"]+)"/), prompt = r.text.match(/name="prompt" value="([^"]+)"/);
      assert.ok(form && prompt, `${r.status} ${r.text.slice(0, 500)}`);
      r = await this.ask(form[1].replaceAll('&amp;', '&'), { method: 'POST', body: prompt[1] === 'login' ? `prompt=login&login=${login}&password=x` : 'prompt=consent' });
    }
    throw new Error('the provider does not come to an end');
  }
  async through(login) {
    const r = await this.begin();
    assert.equal(r.status, 303, r.text);
    return this.atProvider(r.location, login);
  }
}

before(async () => {
  certificate('key.pem', 'ca.pem');
  certificate('other-key.pem', 'other-ca.pem');
  await it.init();
  provider.port = await freePort();
  fs.copyFileSync(path.join(work, 'ca.pem'), at('company-ca.pem'));
  fs.chmodSync(at('company-ca.pem'), 0o644);
  fs.writeFileSync(at('company.secret'), `${secret}\n`, { mode: 0o600 });
  bentServer.port = await freePort();
  const entry = (name, issuer, more) => `  - name: ${name}\n    issuer: ${issuer}\n    client_id: sejf\n    client_secret: file company.secret\n    ca: company-ca.pem\n${more}`;
  fs.appendFileSync(at('sejf.yaml'), `\nsign_in_with:\n${entry('Company', provider.issuer, '    private: yes\n    second_step: trusted\n')}${entry('Bent', `https://localhost:${bentServer.port}`, '    private: yes\n')}`
    + entry('Inside', `https://127.0.0.1:${bentServer.port}`, ''));
  await startProvider();
  await it.start();
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
});
after(async () => {
  await browser?.close();
  await it.remove();
  if (provider.server) { provider.server.closeAllConnections(); provider.server.close(); }
  await stopBent();
  fs.rmSync(work, { recursive: true, force: true });
});

test('who begins is sent to the provider, with a challenge, and a cookie that another site cannot read', async () => {
  const v = new Visitor(), r = await v.begin();
  assert.equal(r.status, 303, r.text);
  const url = new URL(r.location);
  assert.equal(url.origin, provider.issuer);
  assert.equal(url.searchParams.get('redirect_uri'), `${it.url}/account/with/company/answer`);
  assert.equal(url.searchParams.get('code_challenge_method'), 'S256');
  assert.equal(url.searchParams.get('scope'), 'openid email profile');
  assert.match(r.headers['set-cookie'].find((c) => c.startsWith('__Host-sejf-with=')), /; Path=\/; Secure; HttpOnly; SameSite=Lax; Max-Age=600$/);
  assert.equal(r.headers['cache-control'], 'no-store');
  assert.equal((await v.ask(`${it.url}/account/with/nobody`)).status, 404);
  assert.equal((await v.ask(`${it.url}/account/with/nobody/answer?code=a`)).status, 404);
});

test('somebody whom no account here is linked with is told so, and is not signed in', async () => {
  const v = new Visitor(), back = await v.through('stranger');
  assert.equal(new URL(back).searchParams.get('iss'), provider.issuer);
  const r = await v.ask(back);
  assert.equal(r.status, 403, r.text);
  assert.match(r.text, /Company knows you, but no account here is linked with it/);
  assert.ok(!v.jar(it.url).has('__Host-sejf'));
  assert.ok(!v.jar(it.url).has('__Host-sejf-with'), 'the cookie of the sign-in is gone');
  assert.ok(!fs.readFileSync(at('log/sejf.log'), 'utf8').includes('stranger'), 'nobody is named in the log');
});

test('the answer counts in the browser that began, once, and as it was', async () => {
  const v = new Visitor(), back = await v.through('stranger'), cookie = v.jar(it.url).get('__Host-sejf-with');
  const tokens = () => provider.asked.filter((a) => a === 'POST /token').length, before = tokens();
  const refused = async (visitor, url, says = /did not come to its end/) => {
    const r = await visitor.ask(url);
    assert.equal(r.status, 403, r.text);
    assert.match(r.text, says);
  };
  await refused(new Visitor(), back);                                         // another browser
  const other = new Visitor();
  await other.begin();
  await refused(other, back);                                                 // one that began another sign-in
  const bend = (name, value) => { const u = new URL(back); if (value === null) u.searchParams.delete(name); else u.searchParams.set(name, value); return u.href; };
  for (const state of [null, '', 'x', crypto.randomBytes(32).toString('base64url')]) {
    v.jar(it.url).set('__Host-sejf-with', cookie);
    await refused(v, bend('state', state));
  }
  assert.equal(tokens(), before, 'the provider was not asked');
  v.jar(it.url).set('__Host-sejf-with', cookie);
  assert.match((await v.ask(back)).text, /no account here is linked/);
  assert.equal(tokens(), before + 1);
  v.jar(it.url).set('__Host-sejf-with', cookie);
  await refused(v, back);                                                     // the same answer again
  assert.equal(tokens(), before + 1);
});

test('an answer of another provider, or of none, is refused', async () => {
  for (const iss of ['https://evil.example', `${provider.issuer}/`, null]) {
    const v = new Visitor(), back = new URL(await v.through('stranger'));
    if (iss === null) back.searchParams.delete('iss');
    else back.searchParams.set('iss', iss);
    const r = await v.ask(back.href);
    assert.equal(r.status, 403);
    assert.match(r.text, /did not come to its end/);
  }
  const v = new Visitor(), state = new URL((await v.begin()).location).searchParams.get('state');
  const r = await v.ask(`${it.url}/account/with/company/answer?error=access_denied&state=${state}&iss=${encodeURIComponent(provider.issuer)}`);
  assert.equal(r.status, 403);
});

test('a code that was used, or that another sign-in began, is refused by the provider', async () => {
  const first = new Visitor(), used = new URL(await first.through('stranger'));
  await first.ask(used.href);
  const v = new Visitor(), back = new URL(await v.through('stranger'));
  back.searchParams.set('code', used.searchParams.get('code'));
  assert.equal((await v.ask(back.href)).status, 403);
  const a = new Visitor(), b = new Visitor();
  const of_a = new URL(await a.through('stranger')), of_b = new URL(await b.through('stranger'));
  of_b.searchParams.set('code', of_a.searchParams.get('code'));                // PKCE: the verifier is the other one's
  assert.equal((await b.ask(of_b.href)).status, 403);
});

test('an ID token that is over, of another issuer, for others, of another sign-in, or not signed is refused', async () => {
  for (const twist of Object.keys(twists).filter((t) => !t.endsWith('factor') && !t.endsWith('factors'))) {
    const v = new Visitor(), back = await v.through('stranger');
    provider.twist = twist;
    const r = await v.ask(back);
    provider.twist = null;
    assert.equal(r.status, 403, `${twist}: ${r.text}`);
    assert.match(r.text, /did not come to its end/, twist);
  }
});

test('an address that the provider does not vouch for is none', async () => {
  const v = new Visitor(), r = await v.ask(await v.through('unverified'));
  assert.equal(r.status, 403);
  assert.match(r.text, /did not come to its end/);
});

test('linking begins on a page of ours, by somebody who is signed in', async () => {
  const v = new Visitor();
  for (const site of [undefined, 'cross-site', 'same-site', 'none']) {
    const r = await v.begin('?link=1', site ? { 'sec-fetch-site': site } : {});
    assert.equal(r.status, 403);
    assert.match(r.text, /begins on the page of your account/);
  }
  const r = await v.begin('?link=1', { 'sec-fetch-site': 'same-origin' });
  assert.equal(r.status, 303);
  assert.equal(r.location, `${it.url}/account`);
});

// ---- people who have an account here

const linkIn = (text) => /https:\/\/\S+\/account\/link\/([\w-]+)/.exec(text)[1];
const b32 = (text) => Buffer.from([...text.replace(/[ =]/g, '')].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('').match(/.{8}/g).map((b) => parseInt(b, 2)));
function totp(text, step) {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000) + step));
  const mac = crypto.createHmac('sha1', b32(text)).update(counter).digest(), from = mac[19] & 15;
  return String((mac.readUInt32BE(from) & 0x7fffffff) % 1000000).padStart(6, '0');
}
// A call over JSON in the visitor's session; answers what it says.
async function json_call(v, status, method, target, body) {
  const h = { 'content-type': 'application/json', ...(v.csrf ? { 'sejf-csrf': v.csrf } : {}) };
  const text = body === undefined ? undefined : JSON.stringify(body);
  const r = await v.ask(`${it.url}${target}`, { method, body: text, headers: h });
  assert.equal(r.status, status, `${method} ${target}: ${r.text}`);
  const said = r.text ? JSON.parse(r.text) : null;
  if (said?.csrf) v.csrf = said.csrf;
  return said;
}
let tenant;
// Invites, takes the link with a password, and sets up an app where the role asks for it.
async function member(login, role) {
  const made = await it.runAsync(['user', 'invite', 'events', '--tenant', String(tenant), '--role', role, '--email', '-', '--name', 'Anna Zawilska'], { input: `${login}@company.example\n` });
  assert.equal(made.status, 0, made.stderr);
  const v = new Visitor();
  let r = await json_call(v, 200, 'POST', '/v1/account/link/accept', { link: linkIn(made.stdout), name: 'Anna Zawilska', password: `correct horse battery staple of ${login}` });
  if (r.step === 'enrol') {
    v.app = (await json_call(v, 200, 'POST', '/v1/account/totp/begin')).secret;
    r = await json_call(v, 200, 'POST', '/v1/account/totp/confirm', { code: totp(v.app, 0) });      // the next one is of a later step, whenever that is
  }
  assert.equal(r.step, 'whole');
  return v;
}
async function link(v, login) {
  v.jars.delete(provider.issuer);                                             // at the provider, somebody else may be signed in
  const begun = await v.begin('?link=1', { 'sec-fetch-site': 'same-origin' });
  assert.equal(begun.status, 303, begun.text);
  return v.ask(await v.atProvider(begun.location, login));
}

test('an account is linked by its person, signed in, and comes in by the provider from then on', async () => {
  tenant = it.tenant('events', 'Company');
  const v = await member('anna', 'door'), r = await link(v, 'anna');
  assert.equal(r.status, 303, r.text);
  assert.equal(r.location, `${it.url}/account?done=saved`);
  const other = new Visitor(), before = 'A'.repeat(43);
  other.jar(it.url).set('__Host-sejf', before);                               // a session that somebody else had set
  const came = await other.ask(await other.through('anna'));
  assert.equal(came.status, 303, came.text);
  assert.equal(came.location, `${it.url}/account`);
  assert.notEqual(other.jar(it.url).get('__Host-sejf'), before);
  const me = await json_call(other, 200, 'GET', '/v1/account');
  assert.equal(me.email, 'anna@company.example');
  assert.equal(me.step, 'whole');
});

test('an identity belongs to one account, an account has one, and both stay until they are parted', async () => {
  const v = await member('barbara', 'door');
  assert.equal((await link(v, 'anna')).status, 409);
  assert.equal((await link(v, 'barbara')).status, 303);
  assert.equal((await link(v, 'celina')).status, 409);
  await json_call(v, 204, 'POST', '/v1/account/identities/remove', { issuer: provider.issuer });
  const gone = new Visitor(), r = await gone.ask(await gone.through('barbara'));
  assert.equal(r.status, 403);
  assert.match(r.text, /no account here is linked with it/);
});

test('linking ends in the session that began it, or not at all', async () => {
  const v = await member('dorota', 'door'), w = await member('ewelina', 'door');
  const begun = await v.begin('?link=1', { 'sec-fetch-site': 'same-origin' }), back = await v.atProvider(begun.location, 'dorota');
  w.jar(it.url).set('__Host-sejf-with', v.jar(it.url).get('__Host-sejf-with'));
  assert.equal((await w.ask(back)).status, 403);
  const begun2 = await v.begin('?link=1', { 'sec-fetch-site': 'same-origin' }), back2 = await v.atProvider(begun2.location, 'dorota');
  v.jar(it.url).delete('__Host-sejf');                                         // signed out meanwhile
  assert.equal((await v.ask(back2)).status, 403);
  const after = new Visitor();
  assert.match((await after.ask(await after.through('dorota'))).text, /no account here is linked with it/);
});

test('a second step that the role wants is still wanted, unless the provider had one and is trusted in it', async () => {
  const v = await member('felicja', 'organiser');
  assert.ok(v.app, 'the charter wants a second step of the organiser');
  assert.equal((await link(v, 'felicja')).status, 303);
  const comes = async (twist) => {
    const w = new Visitor(), back = await w.through('felicja');
    provider.twist = twist;
    const r = await w.ask(back);
    provider.twist = null;
    assert.equal(r.status, 303, r.text);
    return w;
  };
  assert.equal((await json_call(await comes('one factor'), 200, 'GET', '/v1/account')).step, 'second');
  assert.equal((await json_call(await comes('two factors'), 200, 'GET', '/v1/account')).step, 'whole');
  const other = await comes(null);
  assert.equal((await json_call(other, 200, 'GET', '/v1/account')).step, 'second');
  assert.equal((await other.ask(`${it.url}/v1/events/event`)).status, 401);
  const done = await json_call(other, 200, 'POST', '/v1/account/second', { code: totp(v.app, 1) });
  assert.equal(done.step, 'whole');
});

test('a person who is suspended does not come in by a provider', async () => {
  const r = await it.runAsync(['user', 'suspend', '-'], { input: 'anna@company.example\n' });
  assert.equal(r.status, 0, r.stderr);
  const v = new Visitor(), came = await v.ask(await v.through('anna'));
  assert.equal(came.status, 403, came.text);
  assert.ok(!v.jar(it.url).has('__Host-sejf'));
  assert.equal((await it.runAsync(['user', 'resume', '-'], { input: 'anna@company.example\n' })).status, 0);
});

test('in a browser: the button, the pages of the provider, and in', async () => {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, locale: 'en-GB' }), page = await context.newPage();
  const violations = [];
  page.on('console', (m) => { if (/Content Security Policy/.test(m.text())) violations.push(m.text()); });
  await page.goto(`${it.url}/account`);
  await page.click('a[href^="/account/with/company"]');
  await page.waitForSelector('input[name=login]', { timeout: 60000 });
  assert.ok(page.url().startsWith(provider.issuer));
  await page.fill('input[name=login]', 'anna');
  await page.fill('input[name=password]', 'x');
  await page.click('button[type=submit]');
  await page.waitForSelector('input[name=prompt][value=consent]', { state: 'attached', timeout: 60000 });
  await page.click('button[type=submit]');
  await page.waitForURL((url) => url.href.startsWith(`${it.url}/account`) && !url.pathname.includes('/with/'), { timeout: 60000 });
  assert.match(await page.innerText('main'), /anna@company\.example/);
  const cookies = await context.cookies(it.url);
  const session = cookies.find((c) => c.name === '__Host-sejf');
  assert.deepEqual([session.httpOnly, session.secure, session.sameSite, session.path], [true, true, 'Lax', '/']);
  assert.ok(!cookies.some((c) => c.name === '__Host-sejf-with'));
  // What is linked stands on the page, is parted there, and linked again by a link of the page.
  assert.match(await page.innerText('main'), /Company\s+linked/);
  await page.click('form[action^="/account/part"] button');
  await page.waitForURL(/done=removed/, { timeout: 60000 });
  await page.click('a[href^="/account/with/company?link=1"]');
  await page.waitForURL(/done=saved/, { timeout: 60000 });                     // the provider knows the browser by now
  assert.match(await page.innerText('main'), /Company\s+linked/);
  assert.deepEqual(violations, []);
  await context.close();
});

// What the process sender refuses, whatever the server asks of it. The log says why.
test('the sender goes nowhere that is not declared, trusts no foreign certificate, follows nowhere, and takes no end of bytes', async () => {
  const issuer = `https://localhost:${bentServer.port}`;
  let seen = 0;
  const log = () => { const all = fs.readFileSync(at('log/sejf.log'), 'utf8'), fresh = all.slice(seen); seen = all.length; return fresh; };
  const away = async (id, what, why) => {
    log();
    const r = await new Visitor().ask(`${it.url}/account/with/${id}`);
    assert.equal(r.status, 503, `${what}: ${r.status} ${r.text}`);
    assert.match(r.text, /does not answer at present/, what);
    await until(`the log of ${what}`, () => why.test(fs.readFileSync(at('log/sejf.log'), 'utf8').slice(seen)), 30000);
  };
  await away('bent', 'nobody there', /nobody answers at localhost/);
  bentServer.answer = json(says(issuer));
  await startBent({ key: fs.readFileSync(path.join(work, 'other-key.pem')), cert: fs.readFileSync(path.join(work, 'other-ca.pem')) });
  await away('bent', 'a foreign certificate', /the certificate of localhost is not vouched for/);
  await stopBent();
  await startBent({ maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' });
  await away('bent', 'an old TLS', /takes no connection by TLS 1\.2 or newer|broke off/);
  await stopBent();
  await startBent();
  bentServer.asked = [];
  await away('inside', 'an address of this machine', /address of 127\.0\.0\.1 is of this machine/);
  assert.deepEqual(bentServer.asked, []);
  bentServer.answer = (req, res) => { res.statusCode = 302; res.setHeader('location', `${provider.issuer}/.well-known/openid-configuration`); res.end(); };
  provider.asked = [];
  await away('bent', 'a redirect', /answered with status 302/);
  assert.deepEqual(provider.asked, []);
  bentServer.answer = (req, res) => { res.setHeader('content-type', 'application/json'); res.end(`{"issuer":"${issuer}","x":"${'y'.repeat(2 << 20)}"}`); };
  await away('bent', 'too much', /larger than is taken/);
  bentServer.answer = (req, res) => { res.setHeader('x-long', 'y'.repeat(80000)); res.end('{}'); };
  await away('bent', 'a head without end', /larger than is taken|broke off/);
  bentServer.answer = (req, res) => res.socket.destroy();
  await away('bent', 'a cut', /broke off/);
  for (const [what, answer] of [['another issuer', says('https://evil.example')], ['no JSON object', []], ['an address without TLS', says(issuer, { authorization_endpoint: 'http://localhost/auth' })]]) {
    bentServer.answer = json(answer);
    await away('bent', what, /provider_failed/);
  }
  bentServer.answer = json(says(issuer, { token_endpoint: 'https://elsewhere.example/token' }));
  const v = new Visitor(), r = await v.ask(`${it.url}/account/with/bent`);
  assert.equal(r.status, 303, r.text);
  log();
  const end = await v.ask(`${it.url}/account/with/bent/answer?code=a&state=${new URL(r.location).searchParams.get('state')}`);
  assert.equal(end.status, 503, end.text);
  await until('the log of an undeclared host', () => /sejf\.yaml does not declare elsewhere\.example port 443/.test(fs.readFileSync(at('log/sejf.log'), 'utf8').slice(seen)), 30000);
  await stopBent();
});

test('a provider that is away is said to be, in each language, and everything else goes on', async () => {
  const v = new Visitor(), back = await v.through('stranger');
  await stopProvider();
  const r = await v.ask(back);
  assert.equal(r.status, 503, r.text);
  assert.match(r.text, /Company does not answer at present/);
  for (const [lang, sentence] of [['en', /Inside does not answer at present/], ['pl', /Inside obecnie nie odpowiada/], ['hu', /Inside jelenleg nem válaszol/]])
    assert.match((await new Visitor().ask(`${it.url}/account/with/inside?lang=${lang}`)).text, sentence);
  assert.equal((await v.ask(`${it.url}/healthz`)).status, 200);
  await startProvider();
  await until('the provider again', async () => { const w = new Visitor(); return (await w.ask(await w.through('stranger'))).status === 403; }, 60000);
});
