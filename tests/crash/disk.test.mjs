// A full disk: 507 with a clear text, reads and searches go on, an export that cannot be noted is cut off, erasures are refused or done and never half, doctor says it, and writes go
// on by themselves when there is room. Messages: one that was accepted goes, once, however full the disk was meanwhile; one that was not is nowhere. The data lies on a small tmpfs that this test mounts in a mount namespace of its own, as root.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'node:test';
import { Instance, until } from '../e2e/lib.mjs';
import { Keeper, Tenant } from '../e2e/queue.mjs';
import { members, paper, papersCharter, upload } from './lib.mjs';

const inside = process.env.SEJF_SMALL_DISK;

if (!inside) {
  test('on a disk of 24 MB', { timeout: 600000, skip: process.getuid() === 0 ? false : 'only root can mount a small disk: run ./test as root' }, () => {
    const disk = fs.mkdtempSync(path.join(os.tmpdir(), 'sejf-disk-'));
    const script = 'mount -t tmpfs -o size=24m,mode=0755 none "$0" && exec "$@"';
    const r = spawnSync('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script, disk, process.execPath, '--test', '--test-reporter=tap', fileURLToPath(import.meta.url)],
      { env: { ...process.env, SEJF_SMALL_DISK: disk, NODE_TEST_CONTEXT: undefined }, encoding: 'utf8', timeout: 540000 });
    fs.rmSync(disk, { recursive: true, force: true });
    assert.equal(r.status, 0, `${r.stdout}${r.stderr}`);
    assert.match(r.stdout, /^# pass 3$/m, r.stdout);
  });
} else {
  test('a full disk is told, and all goes on when there is room', { timeout: 500000 }, async () => {
    const charter = papersCharter(), data = path.join(inside, 'data'), ballast = path.join(inside, 'ballast');
    fs.mkdirSync(data, { mode: 0o755 });
    const sejf = new Instance({ charters: [path.join(charter, 'papers.yaml')], data });
    try {
      await sejf.start();
      const token = sejf.token('papers', sejf.tenant('papers'), 'owner');
      const make = (i, note) => sejf.call('POST', '/v1/papers/paper', { token, body: { fields: paper(i, note ? { note } : {}) } });
      const ids = [], mails = [];
      for (let i = 0; i < 50; i++) { const r = await make(i); assert.equal(r.status, 201, r.text); ids.push(r.json.id); mails.push(`signer.${i}@people.example`); }
      const pids = members(sejf);
      const fd = fs.openSync(ballast, 'w');
      try { for (;;) fs.writeSync(fd, Buffer.alloc(65536)); } catch (e) { assert.equal(e.code, 'ENOSPC'); }
      try { for (;;) fs.writeSync(fd, Buffer.alloc(512)); } catch (e) { assert.equal(e.code, 'ENOSPC'); }
      fs.closeSync(fd);
      let full = 0;
      for (let i = 50; i < 400 && full < 5; i++) {            // what a WAL has room for already may still go in
        const r = await make(i, 'x'.repeat(3000));
        if (r.status === 201) { ids.push(r.json.id); mails.push(`signer.${i}@people.example`); continue; }
        assert.equal(r.status, 507, r.text);
        assert.match(r.json.detail, /no room|free some space/);
        assert.doesNotMatch(r.text, /signer\.|sealed/);
        full++;
      }
      assert.equal(full, 5, 'writes are refused on a full disk');
      const big = await upload(sejf, token, ids[0], Buffer.alloc(300000, 3));
      assert.equal(big.status, 507, big.text);
      for (const [i, id] of ids.slice(0, 20).entries()) {
        assert.equal((await sejf.call('GET', `/v1/papers/paper/${id}`, { token })).status, 200);
        const found = await sejf.call('POST', '/v1/papers/paper/search', { token, body: { where: { mail: mails[i] } } });
        assert.deepEqual(found.json.items.map((x) => x.id), [id]);
      }
      const listed = await sejf.call('GET', '/v1/papers/paper?limit=50', { token });
      assert.equal(listed.json.items.length, 50, listed.text.slice(0, 300));
      // No export without its entry in the ledger: it ends cut off, never as if it were whole.
      await assert.rejects(sejf.call('POST', '/v1/papers/paper/export', { token, body: {} }));
      const erased = await sejf.call('DELETE', `/v1/papers/paper/${ids[30]}`, { token });
      assert.ok(erased.status < 300 || erased.status === 507, erased.text);
      const d = await sejf.runAsync(['doctor']);
      assert.notEqual(d.status, 0, d.stdout);
      assert.match(d.stdout, /BAD\s+disk/);
      fs.rmSync(ballast);
      await until('writes to go on by themselves', async () => (await make(1000)).status === 201, 60000);
      assert.ok((await upload(sejf, token, ids[0], Buffer.alloc(300000, 3))).status < 300);
      const again = await sejf.call('DELETE', `/v1/papers/paper/${ids[30]}`, { token });
      assert.ok(again.status < 300 || again.status === 404 || again.status === 410, again.text);
      for (const [i, id] of ids.entries()) {
        const r = await sejf.call('GET', `/v1/papers/paper/${id}`, { token });
        assert.ok(i === 30 ? r.status === 404 || r.status === 410 : r.status === 200, `${i}: ${r.text}`);
        if (i === 30) continue;
        const found = await sejf.call('POST', '/v1/papers/paper/search', { token, body: { where: { mail: mails[i] } } });
        assert.deepEqual(found.json.items.map((x) => x.id), [id], `${i}`);
      }
      assert.equal((await sejf.runAsync(['renew'])).status, 0);
      const v = await sejf.runAsync(['ledger', 'verify']);
      assert.equal(v.status, 0, v.stdout + v.stderr);
      assert.deepEqual(members(sejf), pids, 'no process was started anew');
    } finally {
      await sejf.stop();
      fs.rmSync(charter, { recursive: true });
    }
  });

  test('a renewal and a start on a full disk say what to do; with a little room it starts for reading', { timeout: 300000 }, async () => {
    const charter = papersCharter(), data = path.join(inside, 'again'), ballast = path.join(inside, 'ballast');
    fs.rmSync(path.join(inside, 'data'), { recursive: true, force: true });
    fs.mkdirSync(data, { mode: 0o755 });
    const sejf = new Instance({ charters: [path.join(charter, 'papers.yaml')], data });
    const fill = (left) => {
      const fd = fs.openSync(ballast, 'a');
      for (const size of [65536, 4096]) try { for (;;) fs.writeSync(fd, Buffer.alloc(size)); } catch (e) { assert.equal(e.code, 'ENOSPC'); }
      fs.ftruncateSync(fd, fs.fstatSync(fd).size - left);
      fs.closeSync(fd);
    };
    try {
      await sejf.start();
      const token = sejf.token('papers', sejf.tenant('papers'), 'owner'), ids = [];
      for (let i = 0; i < 20; i++) ids.push((await sejf.call('POST', '/v1/papers/paper', { token, body: { fields: paper(i) } })).json.id);
      assert.match(fs.readFileSync(path.join(data, 'log/sejf.log'), 'utf8'), /"disk_low"[^\n]*"free_mb":\d+[^\n]*make room/);
      assert.equal((await sejf.call('DELETE', `/v1/papers/paper/${ids[3]}`, { token })).status, 200);
      fill(0);
      const r = await sejf.runAsync(['renew']);
      assert.equal(r.status, 34, r.stdout);
      assert.match(r.stderr, /keyring\.db: there is no room left[^\n]*free some space/);
      assert.equal((await sejf.call('GET', `/v1/papers/paper/${ids[1]}`, { token })).status, 200);
      await sejf.stop();
      for (const left of [0, 65536, 500000]) {
        fill(left);
        sejf.output = '';
        await assert.rejects(sejf.start(), /has \d+ KiB left, and a start needs 1024: free some space[^\n]*nothing that was acknowledged is lost/, `${left} left`);
        await sejf.stop();
      }
      fill(1200000);
      await sejf.start();
      for (const [i, id] of ids.entries()) {
        const one = await sejf.call('GET', `/v1/papers/paper/${id}`, { token });
        assert.ok(i === 3 ? one.status === 404 || one.status === 410 : one.status === 200, `${i}: ${one.text}`);
      }
      fs.rmSync(ballast);
      assert.equal((await sejf.runAsync(['renew'])).status, 0);
      assert.equal((await sejf.call('POST', '/v1/papers/paper', { token, body: { fields: paper(100) } })).status, 201);
    } finally {
      await sejf.stop();
      fs.rmSync(charter, { recursive: true });
    }
  });

  test('messages on a full disk: what is accepted goes once, what is not is nowhere', { timeout: 300000 }, async () => {
    const data = path.join(inside, 'letters'), ballast = path.join(inside, 'ballast');
    for (const old of ['data', 'again']) fs.rmSync(path.join(inside, old), { recursive: true, force: true });
    fs.mkdirSync(data, { mode: 0o755 });
    const relay = await Keeper.start(), sejf = await new Instance({ charters: ['events'], data }).init();
    relay.delay = () => 20 + Math.random() * 60;
    fs.appendFileSync(path.join(data, 'sejf.yaml'), relay.settings());
    const fill = () => {
      const fd = fs.openSync(ballast, 'a');
      for (const size of [65536, 4096, 512]) try { for (;;) fs.writeSync(fd, Buffer.alloc(size)); } catch (e) { assert.equal(e.code, 'ENOSPC'); }
      fs.closeSync(fd);
    };
    try {
      await sejf.start();
      const tenant = await new Tenant(sejf, 'Biegi').event(), people = await tenant.people(Array.from({ length: 150 }, (_, i) => `p${i}@people.example`));
      const pids = members(sejf), accepted = [], refused = [];
      const send = async (ids) => {
        const r = await tenant.call('POST', '/v1/events/messages/batch', { messages: ids.map((id) => ({ kind: 'registration', id, subject: 'News', text: `The race begins at 9. ${'x'.repeat(2000)}` })) });
        if (r.status === 200) { accepted.push(...r.json.items.map((i) => { assert.equal(i.status, 202, r.text); return i.id; })); return; }
        assert.equal(r.status, 507, r.text);
        assert.match(r.json.detail, /no room|free some space/);
        assert.doesNotMatch(r.text, /people\.example/);
        refused.push(ids);
      };
      // Some are waiting and some are half handed over when there is no room any more.
      for (let i = 0; i < 40; i += 10) await send(people.slice(i, i + 10));
      await until('some to be on their way', () => relay.came.size >= 3, 60000, 5);
      fill();
      for (let i = 40; i < 150; i += 10) await send(people.slice(i, i + 10));
      assert.ok(refused.length >= 5, 'a batch is refused on a full disk');
      assert.deepEqual((await tenant.list()).map((r) => r.id).sort(), accepted.slice().sort(), 'nothing stands there that was refused');
      fs.rmSync(ballast);
      await until('what was refused to be accepted', async () => {
        for (const ids of refused.splice(0)) await send(ids);
        return refused.length === 0;
      }, 60000, 300);
      assert.equal(accepted.length, 150);
      const rows = await until('all to have gone', async () => { const l = await tenant.list(); return l.every((r) => r.state === 'sent') && l; }, 120000, 300);
      assert.deepEqual(rows.map((r) => r.id).sort(), accepted.slice().sort());
      assert.deepEqual([...relay.came.keys()].sort(), accepted.slice().sort(), 'and nothing else came');
      for (const r of rows) assert.ok(relay.came.get(r.id) - 1 <= r.doubts, `came ${relay.came.get(r.id)} times: ${JSON.stringify(r)}`);
      assert.deepEqual(members(sejf), pids, 'no process was started anew');
    } finally {
      await sejf.stop();
      await relay.stop();
    }
  });
}
