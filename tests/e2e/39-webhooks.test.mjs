// Changes are told to other programs: signed, in the order of change numbers, again until they are taken, with the fields that the charter lets that
// host have and no others; nothing is lost when server and sender are killed.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { Instance, person, root, sleep, until } from './lib.mjs';

const work = fs.mkdtempSync(path.join(os.tmpdir(), 'sejf-hooks-'));
let sejf, organiser, token, event, near, far;

// Receives webhooks; answers as it is told to, and keeps what came.
class Receiver {
  constructor() { this.got = []; this.answer = (req, res) => res.writeHead(204).end(); }
  async start() {
    this.server = https.createServer({ key: fs.readFileSync(path.join(work, 'key.pem')), cert: fs.readFileSync(path.join(work, 'ca.pem')) }, (req, res) => {
      const parts = [];
      req.on('data', (d) => parts.push(d));
      req.on('end', () => {
        const text = Buffer.concat(parts).toString('utf8');
        const one = { path: req.url, headers: req.headers, text, json: JSON.parse(text) };
        this.got.push(one);
        this.answer(one, res);
      });
      req.on('error', () => {});
    });
    this.server.on('tlsClientError', () => {});
    for (let port = 11000 + (process.pid % 400) * 2 + (near ? 1 : 0); !this.port; port += 2)
      await new Promise((done) => { this.server.once('error', done); this.server.listen(port, '127.0.0.1', () => { this.port = port; done(); }); });
    return this;
  }
  stop() { this.server.closeAllConnections(); return new Promise((done) => this.server.close(done)); }
}

const hooks = (method, more = '', body) => sejf.call(method, `/v1/events/webhooks${more}`, { token, body });
const hook = async (url, kinds, more = {}) => {
  const r = await hooks('POST', '', { url, kinds, ...more });
  assert.equal(r.status, 201, r.text);
  return r.json;
};
const at = (r, where = '/hook') => `https://${r === near ? '127.0.0.1' : 'localhost'}:${r.port}${where}`;
const make = async (kind, fields) => {
  const r = await sejf.call('POST', `/v1/events/${kind}`, { token, body: { fields } });
  assert.equal(r.status, 201, r.text);
  return r.json.id;
};
const register = (i) => make('registration', { event, ...person(i), phone: '+48600300400' });
const signed = (got, secret) => {
  const want = crypto.createHmac('sha256', secret).update(`${got.headers['sejf-timestamp']}.${got.text}`).digest('hex');
  return got.headers['sejf-signature'].split(',').includes(`v1=${want}`);
};
const told = (r, where) => r.got.filter((g) => g.path === where);
const waits = (what, fn) => until(what, fn, 60000);

before(async () => {
  const r = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1',
    '-keyout', path.join(work, 'key.pem'), '-out', path.join(work, 'ca.pem')]);
  assert.equal(r.status, 0, String(r.stderr));
  near = await new Receiver().start();
  far = await new Receiver().start();
  const charter = path.join(work, 'events.yaml');
  fs.writeFileSync(charter, fs.readFileSync(path.join(root, 'charters', 'events.yaml'), 'utf8').replace(/\nprocessors:\n/,
    '\nprocessors:\n  - name: ERP of the organiser\n    for: planning seats\n    sees: names of people\n    fields: [name of registration, title of event]\n    hosts: [127.0.0.1]\n    in: PL\n    agreement: 2026-01-01 to 2099-12-31\n'));
  sejf = await new Instance({ charters: [charter] }).init();
  fs.copyFileSync(path.join(work, 'ca.pem'), path.join(sejf.data, 'hooks.pem'));
  fs.appendFileSync(path.join(sejf.data, 'sejf.yaml'), `webhooks:\n  - {host: "127.0.0.1:${near.port}", private: yes, tenants: any, ca: hooks.pem}\n  - {host: "localhost:${far.port}", private: yes, tenants: any, ca: hooks.pem}\n`
    + `  - {host: "localhost:${near.port}", ca: hooks.pem}\n`);
  await sejf.start();
  organiser = sejf.tenant('events', 'Seaside');
  token = sejf.token('events', organiser, 'organiser');
  event = await make('event', { title: 'Regatta', starts: '2027-06-01T10:00:00Z', ends: '2027-06-01T18:00:00Z' });
}, { timeout: 120000 });
after(async () => {
  if (sejf) await sejf.remove();
  if (near) await near.stop();
  if (far) await far.stop();
  fs.rmSync(work, { recursive: true, force: true });
});

test('a change is told once, signed, with the fields that the charter names for that host', { timeout: 120000 }, async () => {
  const a = await hook(at(near, '/one'), ['registration', 'event']), b = await hook(at(far, '/two'), ['registration']);
  assert.match(a.secret, /^whsec_/);
  assert.equal((await hooks('GET', `/${a.number}`)).json.secret, undefined);
  const id = await register(1);
  const one = await waits('the first webhook', () => told(near, '/one')[0]), two = await waits('the second one', () => told(far, '/two')[0]);
  assert.ok(signed(one, a.secret) && signed(two, b.secret));
  assert.ok(!signed(one, b.secret));
  assert.ok(Math.abs(Number(one.headers['sejf-timestamp']) - Date.now() / 1000) < 120);
  assert.equal(one.headers['sejf-delivery'], one.json.delivery);
  assert.deepEqual([one.json.what, one.json.kind, one.json.id, one.json.version, one.json.parent], ['created', 'registration', id, 1, event]);
  assert.deepEqual(one.json.fields, { name: person(1).name });          // of the processor's line, though the tenant sees all
  assert.equal(two.json.fields, undefined);
  assert.ok(!two.text.includes('Zawilska') && !two.text.includes('+48'));
  const r = await sejf.call('PATCH', `/v1/events/registration/${id}`, { token, body: { fields: { phone: '+48600300401' } } });
  assert.equal(r.status, 200, r.text);
  const changed = await waits('the change', () => told(near, '/one')[1]);
  assert.deepEqual([changed.json.what, changed.json.version], ['changed', 2]);
  assert.equal((await sejf.call('DELETE', `/v1/events/registration/${id}`, { token })).status, 200);
  const gone = await waits('the erasure', () => told(near, '/one')[2]);
  assert.equal(gone.json.what, 'erased');
  assert.equal(gone.json.fields, undefined);
  const list = await waits('the list', async () => { const l = await hooks('GET', `/${a.number}/deliveries`); return l.json.items.length >= 2 && l; });
  assert.ok(list.json.items.every((d) => d.state === 'told' && d.status === 204));
  // by hand, once more, under its name: what was erased carries nothing
  const name = one.json.delivery, before = told(near, '/one').length;
  const again = await hooks('POST', `/${a.number}/deliveries/${name}/repeat`);
  assert.deepEqual([again.status, again.json.delivered], [200, true], again.text);
  const repeat = told(near, '/one')[before];
  assert.deepEqual([repeat.json.delivery, repeat.headers['sejf-repeat'], repeat.json.fields, repeat.json.what], [name, '1', undefined, 'erased']);
  for (const n of [a.number, b.number]) assert.equal((await hooks('DELETE', `/${n}`)).status, 204);
});

test('what is refused: hosts that sejf.yaml does not name, addresses inside, other roles, other tenants', { timeout: 60000 }, async () => {
  for (const url of ['https://elsewhere.example/a', `http://127.0.0.1:${near.port}/a`, 'https://169.254.169.254/latest', `https://user@127.0.0.1:${near.port}/`, 'https://127.0.0.1/']) {
    const r = await hooks('POST', '', { url, kinds: ['event'] });
    assert.equal(r.status, 422, `${url}: ${r.text}`);
  }
  // a name that sejf.yaml lets be reached, but not at an address of this machine: the sender looks after the name is resolved
  const inside = await hook(`https://localhost:${near.port}/inside`, ['event']);
  const said = (await hooks('POST', `/${inside.number}/test`)).json;
  assert.equal(said.delivered, false);
  assert.match(said.said, /private network/);
  assert.equal(told(near, '/inside').length, 0);
  await hooks('DELETE', `/${inside.number}`);
  const door = sejf.token('events', organiser, 'door'), other = sejf.token('events', sejf.tenant('events', 'Other'), 'organiser');
  const mine = await hook(at(near, '/mine'), ['event']);
  assert.equal((await sejf.call('GET', '/v1/events/webhooks', { token: door })).status, 403);
  assert.equal((await sejf.call('GET', `/v1/events/webhooks/${mine.number}`, { token: other })).status, 404);
  assert.deepEqual((await sejf.call('GET', '/v1/events/webhooks', { token: other })).json.items, []);
  await hooks('DELETE', `/${mine.number}`);
});

test('a peer that answers otherwise: redirects are not followed, an endless answer is cut, 410 ends it; what it says is masked', { timeout: 120000 }, async () => {
  const a = await hook(at(near, '/bent'), ['event']);
  const tries = async (answer) => {
    near.answer = answer;
    return (await hooks('POST', `/${a.number}/test`)).json;
  };
  const moved = await tries((g, res) => res.writeHead(301, { location: at(near, '/elsewhere') }).end());
  assert.deepEqual([moved.delivered, moved.status], [false, 301]);
  assert.match(moved.said, /not followed/);
  assert.equal(told(near, '/elsewhere').length, 0);
  const endless = await tries((g, res) => {
    res.writeHead(200);
    const more = () => { while (!res.destroyed && res.write('x'.repeat(65536))); };
    res.on('drain', more);
    more();
  });
  assert.deepEqual([endless.delivered, endless.status], [false, 0]);
  assert.match(endless.said, /larger than is taken/);
  const masked = await tries((g, res) => res.writeHead(500).end('no anna.zawilska.1@people.example, no +48600300400\r\nsecond line'));
  assert.ok(!masked.said.includes('zawilska') && !masked.said.includes('600300400') && !masked.said.includes('\n'), masked.said);
  near.answer = (g, res) => res.writeHead(410).end();
  await make('event', { title: 'Second', starts: '2027-07-01T10:00:00Z', ends: '2027-07-01T18:00:00Z' });
  await waits('the end', async () => (await hooks('GET', `/${a.number}`)).json.state === 'ended');
  near.answer = (g, res) => res.writeHead(204).end();
  assert.equal((await hooks('PATCH', `/${a.number}`, { state: 'on' })).status, 409);
  const letters = await waits('a letter', async () => { const l = (await sejf.call('GET', `/v1/tenants/${organiser}/letters`, { token })).json.items.filter((x) => x.cause === 'webhook'); return l.length > 0 && l; });
  assert.equal(letters.length, 1);
  await hooks('DELETE', `/${a.number}`);
});

test('what fails is tried again, in order; a paused webhook goes on where it stood; two secrets sign', { timeout: 120000 }, async () => {
  let refuse = 1;
  near.answer = (g, res) => res.writeHead(g.path === '/again' && refuse-- > 0 ? 503 : 204).end();
  const a = await hook(at(near, '/again'), ['registration']);
  const next = await hooks('POST', `/${a.number}/secret`);
  assert.equal(next.status, 200, next.text);
  const ids = [await register(11), await register(12), await register(13)];
  await waits('all three', () => new Set(told(near, '/again').map((g) => g.json.id)).size === 3);
  const got = told(near, '/again');
  assert.equal(got.length, 4);
  assert.equal(new Set(got.slice(0, 2).map((g) => g.json.delivery)).size, 1);          // the same name at each try
  assert.deepEqual([...new Set(got.map((g) => g.json.id))], ids);
  assert.ok(signed(got[3], a.secret) && signed(got[3], next.json.secret));
  assert.equal((await hooks('PATCH', `/${a.number}`, { state: 'paused' })).json.state, 'paused');
  const last = await register(14);
  await sleep(2500);
  assert.equal(told(near, '/again').length, 4);
  await hooks('PATCH', `/${a.number}`, { state: 'on' });
  await waits('the last', () => told(near, '/again').some((g) => g.json.id === last));
  await hooks('DELETE', `/${a.number}`);
});

test('server and sender are killed while changes are told: none is lost, none out of order, the same name again', { timeout: 240000 }, async () => {
  near.answer = (g, res) => setTimeout(() => res.writeHead(204).end(), 5);
  const a = await hook(at(near, '/crash'), ['registration']);
  const ids = [];
  for (let round = 0; round < 10; round++) {
    for (let i = 0; i < 4; i++) ids.push(await register(1000 + round * 10 + i));
    await sleep(300 + 90 * round);
    const who = round % 2 === 0 ? 'server' : 'sender';
    const pid = fs.readdirSync('/proc').filter((n) => /^\d+$/.test(n)).find((n) => {
      try {
        const stat = fs.readFileSync(`/proc/${n}/stat`, 'utf8');
        return fs.readFileSync(`/proc/${n}/cmdline`, 'utf8').split('\0').includes(who) && Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === sejf.child.pid;
      } catch { return false; }
    });
    if (pid) process.kill(Number(pid), 'SIGKILL');
    await waits('the service', async () => (await sejf.call('GET', '/healthz')).status === 200);
  }
  await waits('all of them', () => new Set(told(near, '/crash').map((g) => g.json.id)).size === ids.length);
  const got = told(near, '/crash'), names = new Map();
  for (const g of got) {
    assert.equal(names.get(g.json.change) ?? g.json.delivery, g.json.delivery);
    names.set(g.json.change, g.json.delivery);
  }
  const changes = got.map((g) => g.json.change);
  assert.deepEqual(changes, [...changes].sort((x, y) => x - y));
  assert.deepEqual([...new Set(got.map((g) => g.json.id))], ids);
  await hooks('DELETE', `/${a.number}`);
});
