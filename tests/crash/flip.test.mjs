// A flipped byte: in a record, the record answers 500 with an id, stands as damaged in lists, searches, exports and changes, and the rest work; in the index, it is made anew by itself; in keyring,
// epoch file, headers: the start is refused with what is wrong, where, and how to mend it; in the ledger, the entry is named. doctor finds each.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { Instance, person, sleep, until } from '../e2e/lib.mjs';
import { paper, papersCharter, upload } from './lib.mjs';

const charter = papersCharter();
const sejf = new Instance({ charters: [path.join(charter, 'papers.yaml')] });
const at = (...p) => path.join(sejf.data, ...p);
const made = [];
let token, tenant;

before(async () => {
  await sejf.start();
  tenant = sejf.tenant('papers');
  token = sejf.token('papers', tenant, 'owner');
  for (let i = 0; i < 400; i++) {
    const r = await sejf.call('POST', '/v1/papers/paper', { token, body: { fields: paper(i, { note: `note ${i} `.padEnd(300, 'x') }) } });
    assert.equal(r.status, 201, r.text);
    made.push(r.json.id);
  }
  const r = await upload(sejf, token, made[7], Buffer.alloc(200000, 7));
  assert.ok(r.status < 300, r.text);
});
after(async () => { await sejf.remove(); fs.rmSync(charter, { recursive: true }); });

const read = (id) => sejf.call('GET', `/v1/papers/paper/${id}`, { token });
const search = (i) => sejf.call('POST', '/v1/papers/paper/search', { token, body: { where: { mail: `signer.${i}@people.example` } } });
const uuid = (id) => Buffer.from(id.replaceAll('-', ''), 'hex');
function flip(file, where, mask = 0x20) {
  const fd = fs.openSync(file, 'r+'), b = Buffer.alloc(1);
  fs.readSync(fd, b, 0, 1, where);
  b[0] ^= mask;
  fs.writeSync(fd, b, 0, 1, where);
  fs.closeSync(fd);
}
const doctor = async () => { const r = await sejf.runAsync(['doctor']); return { status: r.status, text: r.stdout + r.stderr }; };

const post = (what, body) => sejf.call('POST', `/v1/papers/paper/${what}`, { token, body });

// All pages of a list or a search: ids in order; those that are damaged are whole in nothing but their id and the number of the request.
async function paged(ask) {
  const ids = [], damaged = [];
  for (let cursor = null, first = true; first || cursor !== null; first = false) {
    const r = await ask(cursor);
    assert.equal(r.status, 200, r.text);
    for (const one of r.json.items) {
      ids.push(one.id);
      if (one.fields) continue;
      assert.deepEqual(one, { id: one.id, damaged: true, request: r.headers['x-request-id'] });
      damaged.push(one.id);
    }
    cursor = r.json.next;
  }
  return { ids, damaged };
}
const list = (query) => paged((cursor) => sejf.call('GET', `/v1/papers/paper?limit=37${query}${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`, { token }));
const find = (where) => paged((cursor) => post('search', { where, limit: 100, ...(cursor !== null && { cursor }) }));

// The damaged ones, by every way around them: each in its place, once, and nothing else is missing.
async function around(bad) {
  const all = [...made].sort();
  for (const r of [await list(''), await list('&sort=signed'), await find({ note: { contains: 'note' } }), await find({ mail: { contains: 'people.example' } })]) {
    assert.deepEqual([...r.ids].sort(), all);
    assert.deepEqual([...r.damaged].sort(), bad);
  }
  assert.deepEqual((await list('')).ids, all, 'in the order of ids');
  const lines = (await post('export', { format: 'ndjson' })).text.trim().split('\n').map((l) => JSON.parse(l));
  assert.deepEqual(lines.map((l) => l.id), all);
  assert.deepEqual(lines.filter((l) => l.damaged).map((l) => l.id), bad);
  const rows = (await post('export', { format: 'csv' })).text.trim().split('\r\n').slice(1).map((l) => l.split(','));
  assert.deepEqual(rows.map((r) => r[0]), all);
  assert.deepEqual(rows.filter((r) => r[1] === 'damaged').map((r) => r[0]), bad);
  for (const i of [0, 199, 200, 201, 399]) {
    const r = await find({ mail: `signer.${i}@people.example` });
    assert.deepEqual(r.ids, [made[i]]);
    assert.deepEqual(r.damaged, bad.includes(made[i]) ? [made[i]] : []);
  }
  const log = fs.readFileSync(at('log/sejf.log'), 'utf8').split('\n').filter((l) => l.includes('"record_damaged"')).map((l) => JSON.parse(l));
  const asked = await list('');                // of one answer, the log has the first ones
  assert.equal(log.length > 0, bad.length > 0);
  for (const l of log) assert.ok(bad.includes(l.id) && l.request && l.kind === 'paper', JSON.stringify(l));
  assert.deepEqual(asked.damaged, bad);
}

// What the feed of changes says of each record, until it has said something of all.
const followed = () => new Promise((done, fail) => {
  const seen = new Map();
  let text = '';
  const req = https.request({ host: 'localhost', port: sejf.port, path: '/v1/papers/changes', agent: new https.Agent({ ca: sejf.agent.options.ca }), timeout: 60000,
    headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream' } }, (res) => {
    res.setEncoding('utf8');
    res.on('data', (piece) => {
      const frames = (text += piece).split('\n\n');
      text = frames.pop();
      for (const frame of frames) {
        const data = frame.split('\n').find((l) => l.startsWith('data: '));
        if (!data) continue;
        const one = JSON.parse(data.slice(6));
        seen.set(one.id, one);
      }
      if (made.every((id) => seen.has(id))) { req.destroy(); done(seen); }
    });
    res.on('end', () => fail(new Error(`the feed ended after ${seen.size} records`)));
  });
  req.on('timeout', () => req.destroy(new Error(`the feed stopped after ${seen.size} records`)));
  req.on('error', fail);
  req.end();
});

// Stops, keeps a copy, breaks, does what the test says, puts the copy back.
const all = ['store/records.db', 'store/index.db', 'keeper/keyring.db', 'keeper/epoch'];
async function broken(breakIt, look) {
  await sejf.stop();
  const kept = all.map((f) => fs.readFileSync(at(f)));
  sejf.output = '';
  try {
    breakIt();
    await look();
  } finally {
    await sejf.stop();
    all.forEach((f, i) => {
      const fd = fs.openSync(at(f), 'r+');      // in place, so that owner and mode stay
      fs.ftruncateSync(fd, 0);
      fs.writeSync(fd, kept[i], 0, kept[i].length, 0);
      fs.closeSync(fd);
      for (const tail of ['-wal', '-shm']) fs.rmSync(`${at(f)}${tail}`, { force: true });
    });
  }
}
async function whole() {
  await sejf.start();
  for (const i of [0, 7, 399]) {
    assert.equal((await read(made[i])).status, 200);
    assert.deepEqual((await search(i)).json.items.map((r) => r.id), [made[i]]);
  }
}
async function refuses(file, where, words, mend) {
  await broken(() => flip(at(file), where), async () => {
    await assert.rejects(sejf.start(), (e) => {
      assert.match(e.message, words, `${file} at ${where}`);
      assert.match(e.message, mend, `${file} at ${where}`);
      return true;
    });
    await sejf.stop();
    const d = await doctor();
    assert.notEqual(d.status, 0, d.text);
    assert.match(d.text, words);
  });
}

// Every place of the file where a record's id stands: its row, its parts, their indexes.
function places(file, id) {
  const bytes = fs.readFileSync(at(file)), list = [];
  for (let p = bytes.indexOf(uuid(id)); p >= 0; p = bytes.indexOf(uuid(id), p + 1)) list.push(p);
  return list;
}

test('a record whose page lost a bit answers 500 with an id; the rest work, and doctor names the page', { timeout: 300000 }, async () => {
  await sejf.stop();
  const where = places('store/records.db', made[200]);
  assert.ok(where.length >= 2, `${where}`);
  const size = 4096;
  let pages = 0;
  for (const p of [...new Set(where.map((w) => Math.floor(w / size)))]) {
    await broken(() => flip(at('store/records.db'), p * size + 700), async () => {
      fs.writeFileSync(at('log/sejf.log'), '');
      await sejf.start();
      const lost = [];
      for (const id of made) {
        const r = await read(id);
        if (r.status === 200) continue;
        assert.equal(r.status, 500, r.text);
        assert.match(r.json.request, /^[0-9a-f]{16,}$/);
        assert.doesNotMatch(r.text, /signer\./);
        lost.push(id);
      }
      assert.ok(lost.length < made.length / 2, `page ${p + 1}: ${lost.length} of ${made.length} records are lost with it`);
      if (lost.length > 0) pages++;
      await around(lost.sort());
      if (lost.length > 0) {
        const seen = await followed();
        for (const id of made) assert.ok(seen.get(id).version >= 1 || (seen.get(id).damaged && lost.includes(id)), JSON.stringify(seen.get(id)));
      }
      const fine = await sejf.call('POST', '/v1/papers/paper', { token, body: { fields: paper(10000 + p) } });
      assert.equal(fine.status, 201, fine.text);
      const d = await doctor();
      assert.notEqual(d.status, 0, d.text);
      assert.match(d.text, new RegExp(`records\\.db[\\s\\S]*page ${p + 1}\\b[\\s\\S]*(archive)`));
      if (lost.length > 0) {
        const t = await sejf.runAsync(['doctor', '--thorough']);
        assert.notEqual(t.status, 0, t.stdout);
        assert.match(t.stdout + t.stderr, new RegExp(lost.at(-1)));
      }
    });
  }
  assert.ok(pages >= 1, 'a page of the record itself was hit');
  await whole();
});

test('a byte of the header of records.db: refused, with the page and the mend', { timeout: 300000 }, async () => {
  for (const where of [3, 20, 1000]) await refuses('store/records.db', where, /records\.db/, /archive/);
  await whole();
});

test('a damaged index is made anew by itself, at the start or when it is met', { timeout: 300000 }, async () => {
  await sejf.stop();
  const size = fs.statSync(at('store/index.db')).size;
  for (const pick of ['header', 'every page but the first']) {
    await sejf.stop();
    fs.writeFileSync(at('log/sejf.log'), '');
    await broken(() => {
      if (pick === 'header') flip(at('store/index.db'), 30);
      else for (let p = 2048 + 300; p < size; p += 2048) flip(at('store/index.db'), p);
    }, async () => {
      await sejf.start();
      for (const i of [3, 33, 333]) {           // found all the same: meanwhile searches go over the records
        const r = await search(i);
        assert.equal(r.status, 200, r.text);
        assert.deepEqual(r.json.items.map((x) => x.id), [made[i]]);
      }
      const listed = await until('sorted lists to work again', async () => {
        const r = await sejf.call('GET', '/v1/papers/paper?sort=signed&limit=10', { token });
        assert.ok([200, 503].includes(r.status), r.text);
        return r.status === 200 ? r : null;
      }, 60000);
      assert.equal(listed.json.items.length, 10);
      const d = await doctor();
      assert.equal(d.status, 0, d.text);
      assert.match(fs.readFileSync(at('log/sejf.log'), 'utf8'), /"index_(damaged|made_anew)"/);
    });
  }
  await whole();
});

test('a byte of a file: that file answers 500, its record and other files work, and doctor names it', { timeout: 300000 }, async () => {
  const one = (await read(made[7])).json.fields.scan;
  const r = await upload(sejf, token, made[8], Buffer.alloc(70000, 8));
  assert.ok(r.status < 300, r.text);
  const other = (await read(made[8])).json.fields.scan;
  const file = path.join('files', one.id.slice(-2), one.id);
  for (const where of [2, 30, 66000, fs.statSync(at(file)).size - 3]) {
    flip(at(file), where);
    let status;
    try {
      const got = await sejf.call('GET', `/v1/papers/files/${one.id}`, { token });
      status = got.status;
      if (status === 200) assert.fail(`byte ${where}: a damaged file was given out as whole`);
      assert.equal(status, 500, got.text);
      assert.ok(got.json.request);
    } catch (e) {
      if (e.code === 'ERR_ASSERTION') throw e;  // damage behind the first frame ends the answer in the middle
    }
    assert.equal((await read(made[7])).status, 200);
    assert.equal((await sejf.call('GET', `/v1/papers/files/${other.id}`, { token })).raw.length, 70000);
    const d = await sejf.runAsync(['doctor', '--thorough']);
    assert.notEqual(d.status, 0, d.stdout);
    assert.match(d.stdout, new RegExp(one.id));
    flip(at(file), where);
  }
  assert.equal((await sejf.call('GET', `/v1/papers/files/${one.id}`, { token })).raw.length, 200000);
  const d = await sejf.runAsync(['doctor', '--thorough']);
  assert.equal(d.status, 0, d.stdout + d.stderr);
});

test('keyring and epoch file: refused, with what is wrong, where, and how to mend it', { timeout: 300000 }, async () => {
  await sejf.stop();
  const size = fs.statSync(at('keeper/keyring.db')).size;
  for (const where of [18, 4096 + 40, 8192 + 2000, size - 100]) await refuses('keeper/keyring.db', where, /keyring/, /backup/);
  const slots = fs.readFileSync(at('keeper/epoch'));
  const slot = slots.indexOf('sejf ep\n');
  for (const where of [0, 40, 170]) await refuses('keeper/epoch', slot + where, /epoch/, /backup/);
  await whole();
});

test('the ledger: verify names the page or the entry, doctor too, and records go on', { timeout: 300000 }, async () => {
  await sejf.stop();
  const bytes = fs.readFileSync(at('store/records.db'));
  let from = 0, hits = 0;
  for (let n = 0; n < 3; n++) {
    const p = bytes.indexOf('"do":"record_made"', from + n * 20000);
    assert.ok(p > 0);
    from = p + 1;
    await broken(() => flip(at('store/records.db'), p + 8), async () => {
      await sejf.start();
      const v = await sejf.runAsync(['ledger', 'verify']);
      assert.equal(v.status, 35, v.stdout + v.stderr);
      assert.match(v.stdout + v.stderr, /chain \d+[\s\S]*entry \d+|page \d+/);
      const d = await doctor();
      assert.notEqual(d.status, 0, d.text);
      assert.match(d.text, /ledger/);
      if ((await read(made[5])).status === 200) hits++;
    });
  }
  assert.ok(hits > 0);
  await whole();
});

test('what is held about a person is given out with what is damaged named, never without it', { timeout: 300000 }, async () => {
  const events = new Instance({ charters: ['events'] });
  const file = path.join(events.data, 'store/records.db');
  try {
    await events.start();
    const boss = events.token('events', events.tenant('events'), 'organiser');
    const made = await events.call('POST', '/v1/events/event', { token: boss, body: { fields: { title: 'Run', starts: '2027-03-01T18:00:00Z', ends: '2027-03-01T21:00:00Z' } } });
    const shown = await events.call('GET', `/f/events/register/${made.json.id}`);
    const cookie = shown.headers['set-cookie'][0].split(';')[0], typed = /name="\.token" value="([^"]+)"/.exec(shown.text)[1];
    await sleep(3000);                         // a form that is sent at once was not typed by a person
    const sent = await events.call('POST', `/f/events/register/${made.json.id}`, { type: 'application/x-www-form-urlencoded', headers: { cookie },
      body: new URLSearchParams({ '.token': typed, name: person(1).name, email: person(1).email }).toString() });
    const link = /\/p\/events\/sejf_[A-Za-z0-9_-]+/.exec(sent.text)[0];
    const whole = (await events.call('GET', `${link}/data.json`)).json.records.registration[0];
    assert.equal(whole.fields.email, person(1).email);
    await events.stop();
    const bytes = fs.readFileSync(file), id = uuid(whole.id), hit = new Set();
    for (let p = bytes.indexOf(id); p >= 0; p = bytes.indexOf(id, p + 1)) hit.add(Math.floor(p / 4096));
    let named = 0;
    for (const page of hit) {
      flip(file, page * 4096 + 2000);
      events.output = '';
      try { await events.start(); } catch (e) {       // so small a table has one page, and without it the start is refused
        assert.match(e.message, new RegExp(`page ${page + 1} does not carry its checksum`));
        await events.stop();
        flip(file, page * 4096 + 2000);
        continue;
      }
      const own = await events.call('GET', `/v1/events/registration/${whole.id}`, { token: boss });
      const data = await events.call('GET', `${link}/data.json`);
      if (data.status === 200) {
        const [one] = data.json.records.registration;
        assert.deepEqual(one, own.status === 200 ? whole : { id: whole.id, damaged: true, request: data.headers['x-request-id'] });
        named += own.status === 500;
      } else assert.ok(data.status === 404 || data.status === 500, data.text);      // the page of what the link leads by is gone
      await events.stop();
      flip(file, page * 4096 + 2000);
    }
    assert.ok(named >= 1, `${named} of ${hit.size} pages`);
  } finally { await events.remove(); }
});
