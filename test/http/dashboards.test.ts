import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { createTenant, startServer, type TestServer } from '../support/app.js';
import { clientOf } from '../support/client.js';

interface Metric {
  name: string;
  type: string;
  labelNames: string[];
}

describe('the dashboard and the alerts in deploy/', () => {
  let server: TestServer;
  let metrics: Map<string, Metric>;
  let expressions: { where: string; text: string }[];

  before(async () => {
    server = await startServer();
    const { key } = await createTenant(server.app);
    await clientOf(server.url, key).rest('GET', '/intake-bots');
    const shown = await (await fetch(`${server.url}/metrics`)).text();
    const named = [...shown.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '']) => name);
    metrics = new Map(
      named.map((name) => [name, server.app.metrics.registry.getSingleMetric(name) as unknown as Metric]),
    );
    const dashboard = JSON.parse(await readFile('deploy/grafana/iozen.json', 'utf8')) as {
      panels: { title: string; targets?: { expr: string }[] }[];
    };
    const alerts = await readFile('deploy/prometheus/alerts.yml', 'utf8');
    expressions = [
      ...dashboard.panels.flatMap(({ title, targets = [] }) =>
        targets.map(({ expr }) => ({ where: title, text: expr })),
      ),
      ...alerts
        .split(/- alert: /)
        .slice(1)
        .map((alert) => ({
          where: /^\w+/.exec(alert)?.[0] ?? '',
          text: /expr:([\s\S]*?)\n {8}(?:for|labels):/.exec(alert)?.[1]?.replace(/^.*#.*$/gm, '') ?? '',
        })),
    ];
  });
  after(async () => await server.stop());

  it('name no metric and no label that the server does not have', () => {
    expect(expressions.length).to.be.greaterThan(30);
    for (const { where, text } of expressions) {
      const used = [...text.matchAll(/\b((?:iozen|webhook|process|nodejs)_\w+)(?:\{([^}]*)\})?/g)];
      if (!text.includes('up{job')) expect(used.length, `${where}: ${text}`).to.be.greaterThan(0);
      const known = new Set(['instance', 'job']);
      for (const [, name = '', matchers = ''] of used) {
        const metric = metrics.get(name) ?? metrics.get(name.replace(/_(bucket|count|sum)$/, ''));
        expect(metric, `${where} names ${name}`).to.not.equal(undefined);
        const isPart = name !== metric?.name;
        expect(metric?.type === 'histogram', `${where}: ${name}`).to.equal(isPart);
        const labels = new Set([...(metric?.labelNames ?? []), 'instance', 'job']);
        for (const [, label = ''] of matchers.matchAll(/(\w+)\s*[=!]/g)) {
          expect(labels.has(label), `${where} asks ${name} for ${label}`).to.equal(true);
        }
        for (const label of [...labels, ...(isPart ? ['le'] : [])]) known.add(label);
      }
      for (const [, by = ''] of text.matchAll(/\b(?:by|on) \(([^)]*)\)/g)) {
        for (const label of by.split(','))
          expect(known.has(label.trim()), `${where} groups by ${label}`).to.equal(true);
      }
    }
  });

  it('are each explained to operators, and no alert else', async () => {
    const page = await readFile('docs/operating.md', 'utf8');
    const [, toDo = ''] = /\n## What to do when\n([\s\S]*?)\n## /.exec(page) ?? [];
    const explained = [...toDo.matchAll(/`(Iozen\w+)`/g)].map(([, name = '']) => name);
    const alerts = expressions.map(({ where }) => where).filter((name) => name.startsWith('Iozen'));
    expect([...new Set(explained)]).to.have.members(alerts);
  });
});
