// A Parley of a test's own: a process started from the binary that PARLEY_BIN
// names, and the stock SDK clients that point at it.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { ConnectClient, CreateContactFlowCommand, ListContactFlowsCommand, ListInstancesCommand } from '@aws-sdk/client-connect';
import { ConnectParticipantClient } from '@aws-sdk/client-connectparticipant';
import { quietFlow } from './flows.mjs';

/** Keys that development mode accepts, like any others. */
export const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
export const region = 'us-east-1';

const startDeadline = 60_000;
const stopDeadline = 60_000;

// A server must not outlive the test that started it, however that ends.
const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));
process.once('SIGTERM', () => process.exit(1));
process.once('SIGINT', () => process.exit(1));

/** A running server. Start one with Parley.start or, with the demo's ids at hand, Parley.dev. */
export class Parley {
  #flags;
  #own = {};
  #process;
  #log = '';

  /** Starts `parley serve` with further flags on a free loopback port. */
  static async start(...flags) {
    const parley = new Parley();
    parley.#flags = flags;
    await parley.#run();
    return parley;
  }

  /** Starts one of several servers: with variables of its own, and on a port that it keeps. */
  static async node(own, ...flags) {
    const parley = new Parley();
    parley.#own = own;
    parley.#flags = flags;
    await parley.#run();
    return parley;
  }

  async #run() {
    const bin = process.env.PARLEY_BIN;
    if (!bin) throw new Error('PARLEY_BIN must name the parley binary; test/clients/run sets it');
    const port = await freePort(this.#own.port);
    this.address = `http://127.0.0.1:${port}`;
    this.#log = '';
    this.#process = spawn(bin, ['serve', '--listen', `127.0.0.1:${port}`, '--close-span', '100ms', ...this.#flags], {
      stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...this.#own.env },
    });
    running.add(this.#process);
    await this.#printed();
  }

  /** Stops the server and starts it again, on another port unless it has one of its own. */
  async restart(keys = credentials) {
    const code = await this.stop();
    if (code !== 0) throw new Error(`parley ended with status ${code}:\n${this.#log}`);
    await this.#run();
    this.clients(keys);
  }

  /** Starts the server that was killed. */
  async again() {
    await this.#run();
  }

  /** Kills the server, which has no time for anything. */
  async kill() {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill('SIGKILL');
    await ended;
    running.delete(this.#process);
  }

  /** Has the server stand still, as if its machine had no time for it. */
  freeze() {
    this.#process.kill('SIGSTOP');
  }

  /** What a metric of the server stands at. */
  async metric(name) {
    const text = await (await fetch(`${this.address}/metrics`)).text();
    return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]);
  }

  /** Starts a server in development mode and looks up what it was seeded with. */
  static async dev(...flags) {
    const parley = await Parley.start('--dev', ...flags);
    parley.clients(credentials);
    const { InstanceSummaryList: [demo] } = await parley.connect.send(new ListInstancesCommand({}));
    parley.instance = demo.Id;
    parley.instanceArn = demo.Arn;
    const { ContactFlowSummaryList: flows } = await parley.connect.send(new ListContactFlowsCommand({ InstanceId: demo.Id }));
    parley.demoFlow = flows.find((flow) => flow.Name === 'Parley demo').Id;
    const quiet = await parley.connect.send(new CreateContactFlowCommand({ InstanceId: demo.Id, Name: 'Quiet', Type: 'CONTACT_FLOW', Content: quietFlow }));
    parley.quietFlow = quiet.ContactFlowId;
    return parley;
  }

  /** Makes the SDK clients that sign with the given keys. */
  clients(keys) {
    const config = { endpoint: this.address, region, credentials: keys };
    this.connect = new ConnectClient(config);
    this.participant = new ConnectParticipantClient(config);
  }

  /** Resolves once the server has printed how it can be reached. */
  #printed() {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`parley printed no address within ${startDeadline} ms:\n${this.#log}`)), startDeadline);
      const keep = (text) => { this.#log = (this.#log + text).slice(-20_000); };
      this.#process.stderr.on('data', keep);
      this.#process.stdout.on('data', (text) => {
        keep(text);
        if (!/https?:\/\//.test(this.#log)) return;
        clearTimeout(timer);
        resolve();
      });
      this.#process.on('error', reject);
      this.#process.on('exit', (code) => {
        clearTimeout(timer);
        reject(new Error(`parley ended with status ${code}:\n${this.#log}`));
      });
    });
  }

  /** What the server printed and logged, for messages about failures. */
  get log() {
    return this.#log;
  }

  async #develop(path, body) {
    const answer = await fetch(this.address + path, { method: 'POST', body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  /** Moves the server's clock on, as in '5m'. */
  advance(duration) {
    return this.#develop('/dev/clock', { Advance: duration });
  }

  /** Sets up what goes wrong; without arguments nothing does. */
  faults(...list) {
    return this.#develop('/dev/faults', list);
  }

  /** A participant's request without an SDK, for what SDKs do not let out. */
  raw(path, token, body, headers = {}) {
    return fetch(this.address + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token && { 'x-amz-bearer': token }), ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  }

  /** Stops the server and says whether it ended well. */
  async stop() {
    if (!this.#process || this.#process.exitCode !== null) return this.#process?.exitCode;
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill('SIGTERM');
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), stopDeadline);
    const code = await ended;
    clearTimeout(timer);
    running.delete(this.#process);
    return code;
  }
}

/** A port that was free a moment ago: the wanted one, or an error when it is in use. */
export function freePort(wanted = 0) {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(wanted, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
