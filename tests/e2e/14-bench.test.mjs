// The benchmark runs whole, on a few records: what it measures is nothing here, that both sides do the job and every figure comes is.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { binary, freePort, root } from './lib.mjs';

const build = path.resolve(path.dirname(binary), '../..');

test('bench/records on a few records', { timeout: 600000 }, async () => {
  const made = spawnSync('ninja', ['-C', build, 'bench/bench_load', 'bench/bench_store', 'bench/bench_keys'], { encoding: 'utf8', timeout: 500000 });
  assert.equal(made.status, 0, made.stdout + made.stderr);
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sejf-bench-')), json = path.join(dir, 'out.json');
  fs.chmodSync(dir, 0o755);
  try {
    const port = await freePort();
    const r = spawnSync(path.join(root, 'bench/records'), ['--build', build, '--data', path.join(dir, 'data'), '--json', json, '--port', String(port), '--peer-port', String(await freePort()), '--records', '200', '--rounds', '1',
      '--seconds', '1', '--connections', '4', '--rows', '500', '--scan-rows', '300', '--keys', '20000'], { encoding: 'utf8', timeout: 500000 });
    assert.equal(r.status, 0, r.stdout + r.stderr);
    const { results, extras } = JSON.parse(fs.readFileSync(json, 'utf8'));
    assert.deepEqual(results.map((x) => x.front), [false, true]);
    for (const x of results)
      for (const job of ['create', 'get', 'find', 'list']) {
        assert.ok(x[job].sejf.rate > 0 && x[job].peer.rate > 0, `${job}: ${JSON.stringify(x[job])}`);
        assert.ok(r.stdout.includes(`| ${job} |`), r.stdout);
      }
    assert.ok(results[0].memory.sejf.server > 0 && results[0].memory.peer.all > 0);
    assert.ok(extras.ceiling.create.rate > 0 && extras.sealed.sealed.length === 1);
    assert.equal(extras.renewal.erased, 1000);
    assert.ok(extras.import.rate > 0 && extras.substring.seconds > 0);
  } finally {
    fs.rmSync(dir, { recursive: true, force: true });
  }
});

test('bench/access with few people', { timeout: 600000 }, () => {
  const made = spawnSync('ninja', ['-C', build, 'bench/bench_access'], { encoding: 'utf8', timeout: 500000 });
  assert.equal(made.status, 0, made.stdout + made.stderr);
  const r = spawnSync(path.join(root, 'bench/access'), ['--build', build, '--accounts', '150', '--tenants', '20', '--calls', '2000'], { encoding: 'utf8', timeout: 300000 });
  assert.equal(r.status, 0, r.stdout + r.stderr);
  for (const what of ['session, remembered', 'token, remembered', 'session, from the store', 'token, from the store'])
    assert.match(r.stdout, new RegExp(`\\| ${what} \\| [0-9.]+ \\| [0-9.]+ \\| [0-9.]+ \\|`));
  assert.match(r.stdout, /Revocation until it counts, the longest: \d+ us/);
});

test('bench/retention on a few records', { timeout: 600000 }, () => {
  const made = spawnSync('ninja', ['-C', build, 'bench/bench_retention'], { encoding: 'utf8', timeout: 500000 });
  assert.equal(made.status, 0, made.stdout + made.stderr);
  const r = spawnSync(path.join(root, 'bench/retention'), ['--build', build, '--records', '700', '--beside', '300', '--writers', '2'], { encoding: 'utf8', timeout: 300000 });
  assert.equal(r.status, 0, r.stdout + r.stderr);
  for (const what of ['700 due, alone: records a second', 'us of processor a record', '300 due, beside writers: share of their writes that these keep', 'records a second meanwhile'])
    assert.match(r.stdout, new RegExp(`\\| ${what} \\| [0-9.]+ \\| [0-9.]+ \\| (?:[0-9.]+|-) \\|`));      // -: in a moment so short the peer may write nothing
  assert.match(r.stdout, /A walk over 700 records of which none is due: [0-9.]+ ms/);
});

test('the programs that measure messages, on a few letters', { timeout: 600000 }, () => {
  const programs = { bench_queue: [['-n', '50'], {}], bench_campaign: [[], { CAMPAIGN_PEOPLE: '100', CAMPAIGN_DELIVERIES: '64' }], bench_sealed: [[], { SEALED_PEOPLE: '50', SEALED_ROUNDS: '1' }] };
  const made = spawnSync('ninja', ['-C', build, ...Object.keys(programs).map((name) => `bench/${name}`)], { encoding: 'utf8', timeout: 500000 });
  assert.equal(made.status, 0, made.stdout + made.stderr);
  for (const [name, [args, env]] of Object.entries(programs)) {
    const r = spawnSync(path.join(build, 'bench', name), args, { encoding: 'utf8', timeout: 300000, env: { ...process.env, ...env } });
    assert.equal(r.status, 0, `${name}: ${r.stdout}${r.stderr}`);
  }
});
