// A clock that jumps while sejf runs, by a day, to 1970, to 2099, and back: nothing is erased, nothing stops, keys are not renewed in a loop, and the
// ledger tells of each jump. Time is moved from outside by libfaketime; monotonic clocks stay true.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import https from 'node:https';
import test, { after, before } from 'node:test';
import { Instance, sleep, until } from '../e2e/lib.mjs';
import { members, paper, papersCharter } from './lib.mjs';

const library = ['/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1', '/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1'].find((f) => fs.existsSync(f));
const charter = papersCharter(), stamp = path.join(charter, 'now');
const env = { LD_PRELOAD: library, FAKETIME_TIMESTAMP_FILE: stamp, FAKETIME_DONT_FAKE_MONOTONIC: '1', FAKETIME_NO_CACHE: '1' };
const sejf = new Instance({ charters: [path.join(charter, 'papers.yaml')], env });
let token;

before(async () => {
  assert.ok(library, 'libfaketime is installed');
  fs.chmodSync(charter, 0o755);                             // every process reads the file that moves its time
  fs.writeFileSync(stamp, '+0d\n', { mode: 0o644 });
  await sejf.init();
  const settings = path.join(sejf.data, 'sejf.yaml');
  fs.writeFileSync(settings, fs.readFileSync(settings, 'utf8').replace(/^#? *sandbox:.*$/m, '') + '\nsandbox: no\n');
  await sejf.start();
  token = sejf.token('papers', sejf.tenant('papers'), 'owner', '--expires', 'never');
});
after(async () => { await sejf.remove(); fs.rmSync(charter, { recursive: true }); });

// Signed so late that nothing of them is due in any of these years; one with a date that is passed shows that nothing goes by a clock in doubt.
const make = (i, signed = '2150-01-01T10:00:00Z') => sejf.call('POST', '/v1/papers/paper', { token, body: { fields: paper(i, { signed }) } });
// What waits for 24 hours waits for hours that have passed, not for a clock that has jumped over them.
const repeat = () => sejf.call('POST', '/v1/papers/paper', { token, body: { fields: paper(9000) }, headers: { 'idempotency-key': 'one-deed' } });
const files = () => fs.readdirSync(path.join(sejf.data, 'files'), { recursive: true, withFileTypes: true }).filter((f) => f.isFile()).length;
async function slowUpload(id, bytes) {
  const boundary = '----sejf-clock', before = files();
  const head = Buffer.from(`--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="scan.bin"\r\ncontent-type: application/octet-stream\r\n\r\n`);
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`), half = bytes.length / 2;
  let finish;
  const answer = new Promise((done, fail) => {
    const req = https.request({ host: 'localhost', port: sejf.port, ca: fs.readFileSync(sejf.ca), method: 'POST', path: `/v1/papers/paper/${id}/scan`,
      headers: { authorization: `Bearer ${token}`, 'content-type': `multipart/form-data; boundary=${boundary}`, 'content-length': head.length + bytes.length + tail.length } }, (res) => {
      let text = '';
      res.on('data', (d) => { text += d; });
      res.on('end', () => done({ status: res.statusCode, text }));
    });
    req.on('error', fail);
    req.write(Buffer.concat([head, bytes.subarray(0, half)]));
    finish = () => req.end(Buffer.concat([bytes.subarray(half), tail]));
  });
  answer.catch(() => {});
  await until('the upload to begin', () => files() > before, 30000, 50);
  return async () => { finish(); return answer; };
}
async function entries(verb) {
  const r = await sejf.runAsync(['ledger', 'show', '--chain', '0']);
  assert.equal(r.status, 0, r.stderr);
  return r.stdout.split('\n').filter((l) => l.includes(`"${verb}"`));
}

test('the clock jumps and jumps back', { timeout: 600000 }, async () => {
  const first = await make(0);
  assert.equal(first.status, 201, first.text);
  const pids = members(sejf), kept = [first.json.id], day = Math.floor(Date.now() / 86400e3);
  const jumps = ['+1d', '+0d', '-1d', `-${day - 2}d`, '+0d', `+${47300 - day}d`, '+0d'];       // day 2: 1970; day 47300: 2099
  const once = await repeat();
  assert.equal(once.status, 201, once.text);
  const dated = await make(5000, new Date().toISOString());
  assert.equal(dated.status, 201, dated.text);
  for (const [n, to] of jumps.entries()) {
    const scan = Buffer.alloc(400000, n + 1), into = await make(2000 + n);
    const finish = await slowUpload(into.json.id, scan);
    const told = (await entries('clock_jumped')).length;
    fs.writeFileSync(`${stamp}.new`, `${to}\n`);
    fs.renameSync(`${stamp}.new`, stamp);
    await until(`the ledger to tell of the jump to ${to}`, async () => (await entries('clock_jumped')).length > told, 60000, 300);
    const r = await make(n + 1);
    assert.equal(r.status, 201, `${to}: ${r.text}`);
    const year = new Date(Date.now() + Number(to.slice(0, -1)) * 86400e3).getUTCFullYear();
    assert.ok(Math.abs(new Date(r.json.created).getUTCFullYear() - year) <= 1, `${to}: ${r.json.created}`);
    kept.push(r.json.id);
    const gone = await make(1000 + n);
    assert.equal((await sejf.call('DELETE', `/v1/papers/paper/${gone.json.id}`, { token })).status, 200);
    await sleep(3500);                                       // jobs look each second; a loop of renewals would show
    const again = await repeat();
    assert.equal(again.status, 201, `${to}: ${again.text}`);
    assert.equal(again.json.id, once.json.id, `${to}: a repeated request made a second record`);
    const up = await finish();
    assert.ok(up.status < 300, `${to}: ${up.text}`);
    const scanned = (await sejf.call('GET', `/v1/papers/paper/${into.json.id}`, { token })).json.fields.scan;
    assert.ok((await sejf.call('GET', `/v1/papers/files/${scanned.id}`, { token })).raw.equals(scan), `${to}: the file is whole`);
    for (const [i, id] of kept.entries()) {
      const one = await sejf.call('GET', `/v1/papers/paper/${id}`, { token });
      assert.equal(one.status, 200, `${to}: ${one.text}`);
      const found = await sejf.call('POST', '/v1/papers/paper/search', { token, body: { where: { mail: one.json.fields.mail } } });
      assert.deepEqual(found.json.items.map((x) => x.id), [id], `${to}, ${i}`);
    }
    assert.ok([404, 410].includes((await sejf.call('GET', `/v1/papers/paper/${gone.json.id}`, { token })).status));
  }
  const still = await sejf.call('GET', `/v1/papers/paper/${dated.json.id}`, { token });
  assert.ok(still.json.fields.mail, `what a wrong clock took for due is gone: ${still.text}`);
  const renewals = (await entries('keys_renewed')).length;
  assert.ok(renewals <= jumps.length + 1, `${renewals} renewals`);
  const r = await sejf.runAsync(['renew']);
  assert.equal(r.status, 0, r.stderr);
  assert.deepEqual(members(sejf), pids, 'no process was started anew');
  const v = await sejf.runAsync(['ledger', 'verify']);
  assert.equal(v.status, 0, v.stdout + v.stderr);
});

test('a clock that went back while sejf was stopped is told at the start', { timeout: 120000 }, async () => {
  const told = (await entries('clock_jumped')).length;
  await sejf.stop();
  fs.writeFileSync(stamp, '-3d\n');
  await sejf.start();
  await until('the ledger to tell of it', async () => (await entries('clock_jumped')).length > told, 60000, 300);
  assert.equal((await make(500)).status, 201);
  const once = await repeat();                              // a start in a month to come forgets nothing either
  await sejf.stop();
  fs.writeFileSync(stamp, '+30d\n');
  await sejf.start();
  const again = await repeat();
  assert.equal(again.json.id, once.json.id, again.text);
});

// What is due goes by the clock and does not come back, so one that is off waits for a person; the store remembers that.
test('a clock that is more than a day off is held until somebody confirms it', { timeout: 240000 }, async () => {
  const held = async () => JSON.parse((await sejf.runAsync(['clock', 'show', '--json'])).stdout).held;
  const confirm = async () => {
    const r = await sejf.runAsync(['clock', 'confirm']);
    assert.equal(r.status, 0, r.stderr);
    assert.match(r.stdout, /^Confirmed/);
    assert.equal(await held(), false);
  };
  const restart = async (to) => { await sejf.stop(); fs.writeFileSync(stamp, `${to}\n`); await sejf.start(); };
  const jump = (to) => { fs.writeFileSync(`${stamp}.new`, `${to}\n`); fs.renameSync(`${stamp}.new`, stamp); };
  await until('the clock to be held', held, 60000, 300);   // of the tests before
  await restart('+30d');
  assert.equal(await held(), true, 'a restart forgets nothing');
  assert.match((await sejf.runAsync(['clock', 'show'])).stdout, /nothing that is due is erased/);
  const doctor = await sejf.runAsync(['doctor']);
  assert.match(doctor.stdout, /BAD {2}time .*nothing that is due is erased/);
  await confirm();
  assert.match((await sejf.runAsync(['clock', 'confirm'])).stdout, /^Nothing to confirm/);
  await restart('+40d');                                    // ten days down
  await until('ten days to be noticed', held, 60000, 300);
  await confirm();
  await restart('+40d');
  await until('the jobs to begin', async () => (await sejf.runAsync(['ledger', 'show', '--chain', '0'])).stdout.includes('"clock_confirmed"'), 60000, 300);
  assert.equal(await held(), false, 'what was confirmed stays so');
  for (const to of ['+986h', '+961h', '+935h']) {           // 26 hours on, 25 back, 26 back, while it runs
    jump(to);
    await until(`${to} to be noticed`, held, 60000, 300);
    await confirm();
  }
  jump('+945h');                                            // ten hours: told, and not held
  await until('the ledger to tell of it', async () => (await entries('clock_jumped')).some((l) => l.includes('"seconds":36000') || l.includes('"seconds":35999') || l.includes('"seconds":36001')), 60000, 300);
  assert.equal(await held(), false);
  const chain = (await sejf.runAsync(['ledger', 'show', '--chain', '0'])).stdout;
  assert.ok(chain.includes('"clock_suspicious"') && chain.includes('"clock_stands"'));
  assert.equal((await make(600)).status, 201);
});
