// lib.mjs — what the end-to-end tests share: an instance of sejf on a data directory and ports of its own, calls over
// HTTPS that trust its own certificate, and the command line. Every instance is stopped by the id of its process.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import https from 'node:https';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Relay } from './relay.mjs';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
// The day by the clock of the charters, which is another than UTC's for an hour or two.
export const today = () => new Intl.DateTimeFormat('sv', { timeZone: 'Europe/Warsaw' }).format(new Date());
export const binary = process.env.SEJF_BINARY || path.join(root, '.local/build/src/prog/sejf');
export const services = ['courier', 'mail', 'events', 'machines', 'bookings'];

// A port below the ephemeral range and its neighbour for plain HTTP, for this process alone: files of tests run beside each other, and
// between finding a port free and binding it another could take it. Who has the abstract socket of its name has the port; it goes with the process.
const holds = (address, ...more) => new Promise((done) => {
  const s = net.createServer();
  s.once('error', () => done(null));
  s.listen(address, ...more, () => done(s));
});
const isFree = async (port) => {
  const s = await holds(port, '127.0.0.1');
  if (s) await new Promise((done) => s.close(done));
  return s !== null;
};
export async function freePort() {
  for (let i = 0; i < 500; i++) {
    const port = 12000 + 2 * ((process.pid * 37 + i * 101) % 9000);
    const mine = await holds(`\0sejf-test-port-${port}`);
    if (!mine) continue;
    mine.unref();
    if (await isFree(port) && await isFree(port + 1)) return port;
    mine.close();
  }
  throw new Error('no free port');
}

export const sleep = (ms) => new Promise((r) => setTimeout(r, ms));
export async function until(what, fn, ms = 30000, step = 100) {
  const end = Date.now() + ms;
  let last;
  while (Date.now() < end) {
    try { const v = await fn(); if (v) return v; } catch (e) { if (e.fatal) throw e; last = e; }
    await sleep(step);
  }
  throw new Error(`waited ${ms} ms for ${what}${last ? `: ${last.message}` : ''}`);
}

export class Instance {
  constructor(options = {}) {
    this.options = options;
    this.charters = options.charters || services;
    this.data = options.data || fs.mkdtempSync(path.join(os.tmpdir(), 'sejf-test-'));
    this.binary = options.binary || binary;
    this.env = { ...process.env, ...(options.env || {}) };
    this.output = '';
  }

  async init() {
    this.port = this.options.port || await freePort();
    const files = this.charters.map((c) => (c.includes('/') ? c : path.join(root, 'charters', `${c}.yaml`)));
    const args = ['init', '--data', this.data, '--port', String(this.port), ...files.flatMap((f) => ['--charter', f])];
    const r = this.run(args);
    if (r.status !== 0) throw new Error(`init failed: ${r.stderr}${r.stdout}`);
    // A relay that takes every letter, so that a promise of notices has what it needs (sink.mjs is one that keeps them).
    if (this.options.relay) {
      this.relay = await Relay.start();
      fs.appendFileSync(path.join(this.data, 'sejf.yaml'), `mail:\n  relay: localhost:${this.relay.port}\n  tls: none\n  from: service@seats.example\n`);
    }
    return this;
  }

  // Runs a command of sejf on this data directory and waits for its end.
  run(args, extra = {}) {
    const r = spawnSync(this.binary, args, { env: { ...this.env, SEJF_DATA: this.data, ...(extra.env || {}) }, encoding: 'utf8', input: extra.input, timeout: extra.timeout || 120000, maxBuffer: 1 << 28 });
    return { status: r.status, stdout: r.stdout || '', stderr: r.stderr || '', signal: r.signal };
  }

  // The same without blocking, so that this process can serve or count meanwhile.
  async runAsync(args, extra = {}) {
    const child = spawn(this.binary, args, { env: { ...this.env, SEJF_DATA: this.data, ...(extra.env || {}) }, stdio: ['pipe', 'pipe', 'pipe'] });
    let stdout = '', stderr = '';
    child.stdout.on('data', (d) => { stdout += d; });
    child.stderr.on('data', (d) => { stderr += d; });
    child.stdin.on('error', () => {});                        // it ended before it read, which its status tells
    child.stdin.end(extra.input || '');
    const status = await new Promise((done) => child.on('close', done));
    return { status, stdout, stderr };
  }

  async start() {
    if (!this.port) await this.init();
    const command = this.options.wrap ? [...this.options.wrap, this.binary] : [this.binary];
    this.exited = null;
    this.child = spawn(command[0], [...command.slice(1), 'serve', '--data', this.data], { env: this.env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stdout.on('data', (d) => { this.output += d; });
    this.child.stderr.on('data', (d) => { this.output += d; });
    this.child.on('exit', (code, signal) => { this.exited = { code, signal }; });
    await until('the service to answer', async () => {
      if (this.exited) throw Object.assign(new Error(`it stopped: ${this.output.slice(-2000)}`), { fatal: true });
      return (await this.call('GET', '/healthz')).status === 200;
    }, 60000).catch((e) => { throw new Error(`${e.message}\n${this.output.slice(-3000)}`); });
    return this;
  }

  async stop(signal = 'SIGTERM') {
    if (this.agent) { this.agent.destroy(); this.agent = null; }      // its connections end with the instance
    if (!this.child || this.exited) { this.child = null; this.exited = null; return; }
    const gone = new Promise((done) => this.child.once('close', done));
    this.child.kill(signal);
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 20000);
    await gone;
    clearTimeout(timer);
    this.child = null;
    this.exited = null;
  }

  async remove() {
    await this.stop();
    if (this.agent) this.agent.destroy();
    if (this.relay) await this.relay.stop();
    if (!this.options.data) fs.rmSync(this.data, { recursive: true, force: true });
  }

  // The ids of server and keeper, by the names of their commands.
  children() {
    const ids = {};
    for (const pid of fs.readdirSync('/proc').filter((n) => /^\d+$/.test(n))) {
      try {
        const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8'), args = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        const name = ['keeper', 'server'].find((n) => args.includes(n));
        if (name && Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === this.child.pid) ids[name] = Number(pid);
      } catch { /* it went away */ }
    }
    return ids;
  }

  get ca() { return path.join(this.data, 'tls', 'ca.pem'); }
  get url() { return `https://localhost:${this.port}`; }

  // One call; body: object (JSON), string or Buffer. Answers {status, headers, text, json}.
  call(method, target, { token, body, type, headers = {}, timeout = 60000 } = {}) {
    if (!this.agent) this.agent = new https.Agent({ keepAlive: true, maxSockets: 64, ca: fs.readFileSync(this.ca) });
    const payload = body === undefined ? undefined : (typeof body === 'string' || Buffer.isBuffer(body)) ? body : JSON.stringify(body);
    const h = { ...headers };
    if (token) h.authorization = `Bearer ${token}`;
    if (payload !== undefined) { h['content-type'] = type || 'application/json'; h['content-length'] = Buffer.byteLength(payload); }
    return new Promise((done, fail) => {
      const req = https.request({ host: 'localhost', port: this.port, path: target, method, headers: h, agent: this.agent, timeout }, (res) => {
        const parts = [];
        res.on('data', (d) => parts.push(d));
        res.on('end', () => {
          const raw = Buffer.concat(parts), text = raw.toString('utf8');
          let json;
          try { json = JSON.parse(text); } catch { json = undefined; }
          done({ status: res.statusCode, headers: res.headers, text, json, raw });
        });
        res.on('error', fail);
      });
      req.on('timeout', () => req.destroy(new Error(`no answer within ${timeout} ms: ${method} ${target}`)));
      req.on('error', fail);
      req.end(payload);
    });
  }

  tenant(service, name = 'Test') {
    const r = this.run(['tenant', 'new', service, name, '--agreement', '2020-01-02', '--json']);
    if (r.status !== 0) throw new Error(`tenant new: ${r.stderr}${r.stdout}`);
    return JSON.parse(r.stdout).tenant;
  }

  token(service, tenant, role, ...more) {
    const r = this.run(['token', 'new', service, '--tenant', String(tenant), '--role', role, '--json', ...more]);
    if (r.status !== 0) throw new Error(`token new: ${r.stderr}${r.stdout}`);
    return JSON.parse(r.stdout).token;
  }
}

export const person = (i) => ({ name: `Anna Zawilska ${i}`, email: `anna.zawilska.${i}@people.example` });
// Is a text readable in any file below a directory? Answers the files.
export function grep(dir, needle) {
  const r = spawnSync('grep', ['-r', '-l', '-a', '-F', '-e', needle, dir], { encoding: 'utf8' });
  return r.stdout.split('\n').filter(Boolean);
}
