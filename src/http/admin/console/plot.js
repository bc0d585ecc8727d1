// Plots of our own, in plain SVG: a history, a large one with its marks, and a small one in a row.

import { el, percent } from './dom.js';

const SVG = 'http://www.w3.org/2000/svg';

function svg(tag, attributes, ...inside) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...inside);
  return element;
}

/// What was seen in a stretch of time that moves on.
export class History {
  constructor(stretch) {
    this.stretch = stretch;
    this.points = [];
  }

  add(at, value) {
    this.points.push({ at, value });
    const first = this.points.findIndex((point) => point.at >= at - this.stretch);
    this.points.splice(0, first);
  }

  /// Puts what was seen by another before what was seen here.
  begin(points) {
    const first = this.points[0]?.at ?? Infinity;
    this.points = [...points.filter((point) => point.at < first), ...this.points];
  }

  get max() {
    return this.points.reduce((max, { value }) => Math.max(max, value ?? 0), 0);
  }
}

/// Lines through the points, with a gap where nothing was seen for a while.
function paths(history, now, width, height, top) {
  const gap = 15_000;
  const lines = [];
  let last = -Infinity;
  for (const { at, value } of history.points) {
    if (value == null) continue;
    const x = width * (1 - (now - at) / history.stretch);
    if (x < 0) continue;
    const y = height * (1 - Math.min(value / top, 1));
    if (at - last > gap) lines.push([]);
    lines.at(-1).push([x, y]);
    last = at;
  }
  const text = (points) => points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join('L');
  const line = lines.map((points) => `M${text(points)}`).join('');
  const area = lines.map((points) => {
    const [from, to] = [points[0][0].toFixed(1), points.at(-1)[0].toFixed(1)];
    return `M${from},${height}L${text(points)}L${to},${height}Z`;
  });
  return { line, area: area.join('') };
}

/// A small plot for a row; the figure beside it says the same in words.
export class Spark {
  constructor(stretch = 120_000) {
    this.history = new History(stretch);
    this.line = svg('path', { class: 'line' });
    this.area = svg('path', { class: 'area' });
    this.element = svg('svg', { class: 'spark', viewBox: '0 0 120 24', preserveAspectRatio: 'none', 'aria-hidden': 'true' }, this.area, this.line);
  }

  add(at, value) {
    this.history.add(at, value);
    const { line, area } = paths(this.history, at, 120, 23, this.history.max * 1.05 || 1);
    this.line.setAttribute('d', line);
    this.area.setAttribute('d', area);
  }
}

/// The use of the pool over ten minutes, with the marks where it is too much, and above it when
/// somebody waited for a connection.
export class PoolPlot {
  constructor(place, marks) {
    this.used = new History(600_000);
    this.waiting = new History(600_000);
    this.area = svg('path', { class: 'area' });
    this.line = svg('path', { class: 'line' });
    this.wait = svg('path', { class: 'wait' });
    const mark = ([share, mood]) => svg('line', { class: `mark ${mood}`, x1: 0, x2: 600, y1: 150 * (1 - share), y2: 150 * (1 - share) });
    const minutes = [2, 4, 6, 8].map((minute) => svg('line', { class: 'grid', x1: 60 * minute, x2: 60 * minute, y1: 0, y2: 150 }));
    this.element = svg('svg', { viewBox: '0 0 600 150', preserveAspectRatio: 'none', role: 'img' }, ...minutes, ...marks.map(mark), this.area, this.line, this.wait);
    const level = ([share, mood]) => el('span', { class: `level ${mood}`, 'aria-hidden': 'true' }, percent(share));
    place.append(el('div', { class: 'frame' }, this.element, ...marks.map(level)));
  }

  begin(points) {
    this.used.begin(points.map(({ at, utilization }) => ({ at: Date.parse(at), value: utilization })));
    this.waiting.begin(points.map(({ at, waiting }) => ({ at: Date.parse(at), value: waiting })));
  }

  add(at, share, waiting) {
    this.used.add(at, share);
    this.waiting.add(at, waiting);
    const { line, area } = paths(this.used, at, 600, 150, 1);
    this.line.setAttribute('d', line);
    this.area.setAttribute('d', area);
    const x = (point) => (600 * (1 - (at - point.at) / this.used.stretch)).toFixed(1);
    const waits = this.waiting.points.filter(({ value }) => value > 0);
    this.wait.setAttribute('d', waits.map((point) => `M${x(point)},0v8`).join(''));
  }

  describe(words) {
    this.element.setAttribute('aria-label', words);
  }
}
