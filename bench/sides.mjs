// sides.mjs — sejf and the peer as processes: started on a directory and sockets of their own, with a front of nginx each, and
// asked how much memory and processor time all their processes have used.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';

export const TARGET = '/v1/contacts/contact';
const sleep = (ms) => new Promise((r) => setTimeout(r, ms));
const here = path.dirname(new URL(import.meta.url).pathname);

export function must(command, args, options = {}) {
  const r = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 28, ...options });
  if (r.status !== 0) throw new Error(`${path.basename(command)} ${args[0]}: ${r.stderr || r.error || r.signal}`);
  return r.stdout;
}

const children = (pid) => {
  try {
    return fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  } catch { return []; }
};
const family = (pid) => [pid, ...children(pid).flatMap(family)];
const read = (file) => { try { return fs.readFileSync(file, 'utf8'); } catch { return ''; } };
const number = (text, name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0) / 1024;

class Side {
  constructor(name, dir) {
    this.name = name;
    this.dir = dir;
    this.records = 0;
    this.ids = path.join(dir, `${name}.ids`);
  }

  pids() { return [this.child, this.front].filter(Boolean).flatMap((c) => family(c.pid)); }

  // Seconds of processor time of all its processes since they began.
  cpu() {
    const ticks = (pid) => {
      const stat = read(`/proc/${pid}/stat`), f = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return stat === '' ? 0 : Number(f[11]) + Number(f[12]);
    };
    return this.pids().reduce((sum, pid) => sum + ticks(pid), 0) / 100;
  }

  // MB: all its processes, pages that are shared counted once; and the largest that the one that answers has been.
  memory() {
    const all = this.pids().reduce((sum, pid) => sum + number(read(`/proc/${pid}/smaps_rollup`), 'Pss'), 0);
    const served = this.servers().map((pid) => read(`/proc/${pid}/status`));
    return { all, server: served.reduce((s, t) => s + number(t, 'VmRSS'), 0), most: served.reduce((s, t) => s + number(t, 'VmHWM'), 0) };
  }

  spawn(command, args, log) {
    const out = fs.openSync(path.join(this.dir, log), 'a');
    const child = spawn(command, args, { stdio: ['ignore', out, out] });
    fs.closeSync(out);
    child.on('exit', () => { child.over = true; });
    return child;
  }

  async ready(child, socket, log) {
    for (let i = 0; i < 600; i++) {
      if (child.over) break;
      const open = await new Promise((done) => {
        const s = net.connect(socket, () => { s.destroy(); done(true); });
        s.on('error', () => done(false));
      });
      if (open) return;
      await sleep(100);
    }
    throw new Error(`${this.name} does not answer: ${read(path.join(this.dir, log)).slice(-1000)}`);
  }

  async end(child) {
    if (!child || child.over) return;
    const gone = new Promise((done) => child.once('exit', done));
    child.kill('SIGTERM');
    await gone;
  }

  async stop() {
    await this.end(this.front);
    await this.end(this.child);
    this.front = this.child = null;
  }
}

export class Sejf extends Side {
  constructor(dir, program, port) {
    super('sejf', dir);
    this.program = program;
    this.port = port;
    this.data = path.join(dir, 'sejf');
    this.socket = path.join(this.data, 'run/http.sock');
    must(program, ['init', '--data', this.data, '--port', String(port), '--charter', path.join(here, 'contacts.yaml')]);
    this.token = this.tenant('Office');
  }

  tenant(name) {
    const tenant = JSON.parse(must(this.program, ['tenant', 'new', 'contacts', name, '--json', '--data', this.data])).tenant;
    return JSON.parse(must(this.program, ['token', 'new', 'contacts', '--tenant', String(tenant), '--role', 'office', '--json', '--data', this.data])).token;
  }

  async start() {
    this.child = this.spawn(this.program, ['serve', '--data', this.data], 'sejf.log');
    await this.ready(this.child, { port: this.port, host: '127.0.0.1' }, 'sejf.log');
  }

  async startFront() {}                      // its own is there already
  get ca() { return path.join(this.data, 'tls/ca.pem'); }
  servers() { return this.pids().filter((pid) => read(`/proc/${pid}/cmdline`).split('\0')[1] === 'server'); }
}

export class Peer extends Side {
  constructor(dir, sejf, port, workers) {
    super('peer', dir);
    this.sejf = sejf;
    this.port = port;
    this.workers = workers;
    this.data = path.join(dir, 'peer');
    this.socket = path.join(dir, 'peer.sock');
    this.token = must(process.execPath, [...this.program(), '--token']).trim();
  }

  program() { return ['--disable-warning=ExperimentalWarning', path.join(here, 'peer/server.mjs'), '--data', this.data]; }

  async start(group) {
    fs.rmSync(this.socket, { force: true });
    this.child = this.spawn(process.execPath, [...this.program(), '--socket', this.socket, '--workers', String(this.workers), ...(group ? ['--group'] : [])], 'peer.log');
    await this.ready(this.child, { path: this.socket }, 'peer.log');
    fs.chmodSync(this.socket, 0o666);        // its front may run as another user
  }

  // The front of sejf, line by line, before the peer: same certificate, same limits, same settings.
  async startFront() {
    const prefix = path.join(this.dir, 'front'), from = fs.readFileSync(path.join(this.sejf.data, 'nginx/nginx.conf'), 'utf8');
    fs.mkdirSync(path.join(prefix, 'tmp'), { recursive: true });
    const text = from.replaceAll(`unix:${this.sejf.socket}`, `unix:${this.socket}`).replaceAll(`:${this.sejf.port}`, `:${this.port}`).replaceAll(`:${this.sejf.port + 1}`, `:${this.port + 1}`);
    fs.writeFileSync(path.join(prefix, 'nginx.conf'), text);
    this.front = this.spawn('/usr/sbin/nginx', ['-p', prefix, '-c', path.join(prefix, 'nginx.conf'), '-e', 'stderr'], 'front.log');
    await this.ready(this.front, { port: this.port, host: '127.0.0.1' }, 'front.log');
  }

  get ca() { return this.sejf.ca; }
  servers() { return this.child ? family(this.child.pid) : []; }
}
