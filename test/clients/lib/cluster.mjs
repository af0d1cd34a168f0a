// The services of packaging/compose.cluster.yaml as processes on loopback: their commands, settings and health checks as
// they stand there, with the addresses of this machine in the place of the services' names.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ConnectClient, CreateContactFlowCommand, CreateInstanceCommand } from '@aws-sdk/client-connect';
import { ConnectParticipantClient } from '@aws-sdk/client-connectparticipant';
import { parse } from 'yaml';
import { quietFlow } from './flows.mjs';
import { until } from './journal.mjs';
import { filled, startNginx } from './nginx.mjs';
import { freePort, Parley, region } from './parley.mjs';
import { startPostgres } from './postgres.mjs';

const packaging = (name) => readFileSync(new URL(`../../../packaging/${name}`, import.meta.url), 'utf8');
const nodes = ['parley-1', 'parley-2'];

/** What whoever runs it has to set. */
const variables = { POSTGRES_PASSWORD: '7e1f3a', NATS_PASSWORD: '83e5b2' };

/** A running cluster; its address is nginx's. To tests it is what one server is: the SDK's clients, an instance, a quiet flow. */
export class Cluster {
  #dir = mkdtempSync(join(tmpdir(), 'parley-cluster-'));
  #stops = [];

  static async start() {
    const cluster = new Cluster();
    try {
      await cluster.#start();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  async #start() {
    const text = packaging('compose.cluster.yaml').replace(/\$\{(\w+):\?[^}]*\}/g, (_, name) => variables[name]);
    const { services, volumes } = parse(text, { merge: true });
    assert.deepEqual(Object.keys(services), ['postgres', 'nats', ...nodes, 'nginx']);
    for (const name of nodes) {
      assert.deepEqual(services[name].volumes, ['data:/var/lib/parley'], `${name} shares its directory`);
      assert.deepEqual(Object.keys(services[name].depends_on).sort(), ['nats', 'postgres']);
      assert.ok(parseInt(services[name].stop_grace_period, 10) > parseInt(services[name].environment.PARLEY_DRAIN, 10), `${name} has the time to end`);
    }
    assert.ok('data' in volumes && 'database' in volumes);

    await this.#postgres(services.postgres);
    await this.#nats(services.nats);
    this.#ports = Object.fromEntries(await Promise.all(nodes.map(async (name) => [name, await freePort()])));
    const port = await freePort();
    this.address = `http://127.0.0.1:${port}`;
    this.nodes = await Promise.all(nodes.map((name) => this.#node(services[name], name)));
    const [, conf] = services.nginx.volumes[0].match(/^\.\/(.*):\/etc\/nginx\/conf\.d\/default\.conf:ro$/);
    const inside = join(this.#dir, 'nginx');
    mkdirSync(inside);
    this.nginx = await startNginx(inside, filled(packaging(conf), {
      ...Object.fromEntries(nodes.map((name) => [`${name}:8790`, `127.0.0.1:${this.#ports[name]}`])),
      'listen 8790;': `listen 127.0.0.1:${port};`,
      'access_log /dev/stdout combined': `access_log ${inside}/access.log combined`,
    }), async () => (await fetch(`${this.address}/readyz`).catch(() => null))?.status === 200);
    this.#stops.push(() => this.nginx.stop());
    await this.#setUp();
  }

  #ports;
  #store;
  #bus;

  async #postgres({ environment: { POSTGRES_USER: user, POSTGRES_PASSWORD: password, POSTGRES_DB: database }, command: [program, ...args] }) {
    assert.equal(program, 'postgres');
    const port = await freePort();
    const running = await startPostgres({ port, user, password, database, args });
    this.#stops.push(() => running.stop());
    this.#store = `127.0.0.1:${port}`;
  }

  async #nats({ command, environment, volumes: [volume], healthcheck }) {
    const [port, monitor] = [await freePort(), await freePort()];
    const [, name, inside] = volume.match(/^\.\/(.*):(.*):ro$/);
    const conf = join(this.#dir, name);
    writeFileSync(conf, filled(packaging(name), { 'http: 8222': `http: ${monitor}` }));
    const child = spawn('nats-server', ['--addr', '127.0.0.1', '--port', String(port), ...command.map((word) => (word === inside ? conf : word))], {
      stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...environment },
    });
    let log = '';
    child.stderr.on('data', (text) => { log += text; });
    const kill = () => child.kill('SIGKILL');
    process.on('exit', kill);
    const ended = new Promise((resolve) => { child.once('exit', resolve); });
    this.#stops.push(async () => {
      kill();
      await ended;
      process.off('exit', kill);
      assert.doesNotMatch(log, /violation/i, 'NATS has refused something');
    });
    const healthy = filled(healthcheck.test.at(-1), { ':8222/': `:${monitor}/` });
    await until('NATS is healthy', async () => {
      assert.equal(child.exitCode, null, `nats-server ended:\n${log}`);
      return (await fetch(healthy).catch(() => null))?.status === 200;
    });
    this.#bus = `127.0.0.1:${port}`;
  }

  async #node({ command: [serve, ...args], environment, healthcheck }, name) {
    assert.equal(serve, 'serve');
    const data = join(this.#dir, 'data');
    const here = {
      PARLEY_STORE: [/postgres:5432/, this.#store], PARLEY_BUS: [/nats:4222/, this.#bus], PARLEY_PUBLIC_URL: [/^.*$/, this.address],
      PARLEY_TRUSTED_PROXIES: [/^.*$/, '127.0.0.1'], PARLEY_FLOW_LOGS: [/^\/var\/lib\/parley/, data],
    };
    const env = { ...environment, PARLEY_DATA: data, PARLEY_LISTEN: `127.0.0.1:${this.#ports[name]}` };
    for (const [variable, [from, to]] of Object.entries(here)) {
      assert.match(env[variable], from);
      env[variable] = env[variable].replace(from, to);
    }
    const node = await Parley.node({ port: this.#ports[name], env }, ...args);
    this.#stops.push(() => node.stop());
    const [, program, ...check] = healthcheck.test;
    assert.equal(program, '/usr/bin/parley');
    node.healthy = () => promisify(execFile)(process.env.PARLEY_BIN, [...check, '--wait', '60s'], { env });
    await node.healthy();
    return node;
  }

  async #setUp() {
    const key = readFileSync(join(this.#dir, 'data', 'first-key.env'), 'utf8');
    const value = (variable) => new RegExp(`${variable}=(\\S+)`).exec(key)[1];
    this.keys = { accessKeyId: value('AWS_ACCESS_KEY_ID'), secretAccessKey: value('AWS_SECRET_ACCESS_KEY') };
    const config = { endpoint: this.address, region, credentials: this.keys };
    this.connect = new ConnectClient(config);
    this.participant = new ConnectParticipantClient(config);
    this.nodes.forEach((node) => node.clients(this.keys));
    const { Id } = await this.connect.send(new CreateInstanceCommand({
      IdentityManagementType: 'CONNECT_MANAGED', InstanceAlias: 'florist', InboundCallsEnabled: false, OutboundCallsEnabled: false,
    }));
    this.instance = Id;
    this.quietFlow = (await this.connect.send(new CreateContactFlowCommand({ InstanceId: Id, Name: 'Quiet', Type: 'CONTACT_FLOW', Content: quietFlow }))).ContactFlowId;
    for (const node of this.nodes) Object.assign(node, { instance: this.instance, quietFlow: this.quietFlow });
  }

  /** The node at which a metric stands above nothing, and the other one. */
  async nodeWith(metric) {
    return until(`a node with ${metric}`, async () => {
      const at = await Promise.all(this.nodes.map((node) => node.metric(metric)));
      const i = at.findIndex((n) => n > 0);
      return i >= 0 && [this.nodes[i], this.nodes[1 - i]];
    });
  }

  /** As with a server that can be told to fail: this one cannot. */
  async faults() {}

  async stop() {
    for (const stop of this.#stops.reverse()) await stop();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
