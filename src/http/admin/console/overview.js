// The house at one glance: verdict, pool, flow, line and letters, as the service tells them each second.

import { byId, chip, count, el, keep, millis, number, percent, say, span } from './dom.js';
import { PoolPlot, Spark } from './plot.js';
import { prepareClientPause } from './pauses.js';

const VERDICTS = { WELL: ['● WELL', 'good'], DEGRADED: ['▲ DEGRADED', 'warn'], DOWN: ['■ DOWN', 'bad'] };
const POOL_MOODS = { HEALTHY: 'good', WARNING: 'warn', CRITICAL: 'bad' };
/// Where the service calls the pool's use a warning, and where critical.
const MARKS = [[0.75, 'warn'], [0.9, 'bad']];
const RATES = [['accepted', 'acceptedPerSecond'], ['sent', 'sentPerSecond'], ['queued', 'queuedPerSecond'], ['rejected', 'rejectedPerSecond']];
const LATENCIES = [['P50', 'p50Ms'], ['P95', 'p95Ms'], ['P99', 'p99Ms']];
const LETTERS = ['waiting', 'held', 'reconcile', 'dead'];

const plot = new PoolPlot(byId('pool-plot'), MARKS);
byId('pool-plot').append(el('p', { class: 'axis', 'aria-hidden': 'true' }, el('span', {}, '10 min ago'), el('span', {}, '5 min'), el('span', {}, 'now')));

/// What the service remembers of the time before this page was opened.
export const beginPool = (history) => plot.begin(history);

export function show(status) {
  const at = Date.parse(status.at);
  showVerdict(status);
  showPool(status.pool, at);
  showFlow(status, at);
  showLine(status);
  showLetters(status.letters);
}

function showVerdict({ verdict, reasons, version, instance, startedAt, uptimeSeconds, epoch, simulatedTradeService }) {
  const [word, mood] = VERDICTS[verdict] ?? [verdict, 'warn'];
  byId('verdict').className = `verdict ${mood}`;
  say(byId('verdict-word'), word);
  byId('verdict-calm').hidden = reasons.length > 0;
  keep(byId('verdict-reasons'), reasons, (reason) => reason, (reason) => el('li', {}, reason));
  document.title = `${verdict} · Weir`;
  const about = [
    ['Instance', instance],
    ['Version', version],
    ['Up for', span(uptimeSeconds)],
    ['Trade service', simulatedTradeService ? 'simulated' : 'outside'],
    ['Lease', epoch ? 'held' : 'none'],
  ];
  keep(byId('about'), about, ([name]) => name, ([name]) => el('div', {}, el('dt', {}, name), el('dd')),
    (pair, [, value]) => say(pair.lastChild, value));
  byId('about').title = `Started ${startedAt}`;
}

function showPool(pool, at) {
  chip(byId('pool-state'), pool.status, POOL_MOODS[pool.status] ?? 'calm');
  say(byId('pool-now'), percent(pool.utilization));
  say(byId('pool-detail'), `${pool.active} of ${pool.max} connections in use, ${pool.idle} idle, ${pool.waiting} waiting`);
  plot.add(at, pool.utilization, pool.waiting);
  plot.describe(`Use of the pool over the last ten minutes: now ${percent(pool.utilization)}, at most ${percent(plot.used.max)}`);
}

const sparks = new Map();

function showRow(body, items, at) {
  const make = ([name]) => {
    const spark = new Spark();
    sparks.set(name, spark);
    return el('tr', {}, el('th', { scope: 'row' }, name), el('td', { class: 'number' }), el('td', {}, spark.element));
  };
  keep(body, items, ([name]) => name, make, (row, [name, value, words]) => {
    say(row.children[1], words);
    sparks.get(name).add(at, value);
  });
}

function showFlow({ rates, latency, pace }, at) {
  showRow(byId('rates'), RATES.map(([name, key]) => [name, rates[key], `${number(rates[key], 1)} /s`]), at);
  showRow(byId('latencies'), LATENCIES.map(([name, key]) => [name, latency?.[key] ?? null, millis(latency?.[key])]), at);
  say(byId('pace'), `Pace ${number(pace.ordersPerSecond, 0)} /s, an order waits ${millis(pace.waitMs)}`);
}

function showLine({ children, line }) {
  say(byId('children-now'), children ? `${children.busy} / ${children.inUse}` : '–');
  say(byId('children-detail'), children ? `children busy, of ${children.max} at most` : 'children: no answer');
  const cells = children ? Array.from({ length: children.max }, (_, place) => place) : [];
  const kind = (place) => (place < children.busy ? 'busy' : place < children.inUse ? 'ready' : 'off');
  keep(byId('children'), cells, (place) => place, () => el('i'), (cell, place) => (cell.className = kind(place)));
  byId('children').setAttribute('aria-label', children ? `${children.busy} busy, ${children.inUse} in use, ${children.max} at most` : 'no answer');
  say(byId('line-now'), line ? number(line.orders) : '–');
  say(byId('line-detail'), line ? `orders in line, in ${count(line.loads, 'load')}` : 'line: no answer');
  const most = Math.max(1, ...(line?.byClient ?? []).map(({ orders }) => orders));
  keep(byId('line'), line?.byClient ?? [], ({ client }) => client, makeClient, (row, { loads, orders }) => {
    row.querySelector('i').style.width = `${(100 * orders) / most}%`;
    say(row.querySelector('b'), number(orders));
    row.title = `${count(orders, 'order')} in ${count(loads, 'load')}`;
  });
}

const makeClient = ({ client }) =>
  el('li', {}, el('span', { class: 'name' }, client || 'anonymous'), el('span', { class: 'bar' }, el('i')), el('b'),
    client ? el('button', { type: 'button', 'aria-label': `Pause client ${client}`, onclick: () => prepareClientPause(client) }, 'Pause…') : el('span'));

function showLetters(letters) {
  keep(byId('letters-count'), LETTERS, (state) => state,
    (state) => el('div', { class: `count ${state}` }, el('dt', {}, state), el('dd')),
    (pair, state) => {
      say(pair.lastChild, number(letters[state]));
      pair.classList.toggle('some', letters[state] > 0);
    });
  const waits = letters.waiting + letters.held + letters.reconcile > 0;
  say(byId('letters-age'), waits ? `The oldest waits for ${span(letters.oldestSeconds)}` : 'Nothing waits');
}

