// A panel in the browser: see helpers/panel.py. It shows controls, sends
// their values to Python and draws the answer. There is no maths in it but
// where a pixel is.

// Without this attribute JupyterLab takes the keys for its shortcuts.
const QUIET = { "data-lm-suppress-shortcuts": "true" };
const DASHES = { "-": [], "--": [7, 4], ":": [2, 3], "-.": [7, 3, 2, 3] };
const FONT = "12px system-ui, sans-serif";
const FRAME_MS = 33; // a played step takes at least this long
const PATIENCE_MS = 5000; // then one is told that no answer came
const SILENT = "Python has not answered for five seconds. If it was restarted, "
  + "run this cell again.";

// ---- Small tools ---------------------------------------------------------

/** A new element with attributes and children. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Bytes of an answer, {u1: ...} or {f4: ...}, as a typed array. */
function array({ u1, f4 }) {
  const { buffer, byteOffset, byteLength } = u1 || f4;
  const copy = buffer.slice(byteOffset, byteOffset + byteLength);
  return u1 ? new Uint8Array(copy) : new Float32Array(copy);
}

/** A number, or the end of a range it lies beyond. */
function clamp(number, low, high) {
  return Math.min(Math.max(number, low), high);
}

/** A number in at most four digits, for axes and screen readers. */
function said(number) {
  return String(Number(number.toPrecision(4))).replace("-", "−");
}

/** A power of ten: as it is where it is short, else with an exponent. */
function power(exponent) {
  if (Math.abs(exponent) < 4) return said(10 ** exponent);
  const digits = [...String(exponent)];
  const raised = (d) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(d)];
  return "10" + digits.map(raised).join("");
}

// ---- Axes ----------------------------------------------------------------

/** An axis from pixel p0 to p1: to(value), from(pixel) and its ticks. */
function axis([low, high], log, p0, p1, apart, named) {
  const map = log ? Math.log10 : (value) => value;
  const unmap = log ? (value) => 10 ** value : (value) => value;
  const [a, b] = [map(low), map(high)];
  const to = (value) => p0 + ((map(value) - a) / (b - a)) * (p1 - p0);
  const from = (pixel) => unmap(a + ((pixel - p0) / (p1 - p0)) * (b - a));
  const share = (value) => (map(value) - a) / (b - a);
  const room = Math.max(2, Math.abs(p1 - p0) / apart);
  let ticks;
  if (named) ticks = Object.entries(named).map(([v, word]) => [+v, word]);
  else if (log && Math.abs(b - a) > 1) ticks = decades(a, b, room);
  else ticks = steps(low, high, room);
  return { to, from, share, ticks, low: Math.min(low, high),
    high: Math.max(low, high) };
}

/** Powers of ten, at most about `room` of them. */
function decades(a, b, room) {
  const [first, last] = [Math.min(a, b), Math.max(a, b)];
  const each = Math.ceil((last - first) / room);
  const ticks = [];
  for (let e = Math.ceil(first); e <= last + 1e-9; e += each) {
    ticks.push([10 ** e, power(e)]);
  }
  return ticks;
}

/** Multiples of 1, 2 or 5 times a power of ten. */
function steps(low, high, room) {
  const [first, last] = [Math.min(low, high), Math.max(low, high)];
  const ten = 10 ** Math.floor(Math.log10((last - first) / room));
  const step = [1, 2, 5, 10].map((f) => f * ten)
    .find((size) => (last - first) / size <= room);
  const ticks = [];
  for (let i = Math.ceil(first / step - 1e-6); i * step <= last + 1e-6 * step;
    i++) {
    ticks.push([i * step, said(i * step)]);
  }
  return ticks;
}

// ---- Layers: each function draws one kind --------------------------------

/** The path of a marker, one of Matplotlib's, of radius r. */
function marker(path, shape, x, y, r) {
  const [t, u] = [0.38 * r, 1.15 * r];
  const corners = {
    s: [[-r, -r], [r, -r], [r, r], [-r, r]],
    D: [[0, -u], [u, 0], [0, u], [-u, 0]],
    "^": [[0, -u], [u, r], [-u, r]],
    v: [[0, u], [u, -r], [-u, -r]],
    P: [[-t, -u], [t, -u], [t, -t], [u, -t], [u, t], [t, t], [t, u], [-t, u],
      [-t, t], [-u, t], [-u, -t], [-t, -t]],
  }[shape];
  if (!corners) {
    path.moveTo(x + r, y);
    path.arc(x, y, r, 0, 2 * Math.PI);
    return;
  }
  corners.forEach(([dx, dy], i) =>
    path[i ? "lineTo" : "moveTo"](x + dx, y + dy));
  path.closePath();
}

const draw = {
  raster(pen, { codes, palette, columns, x, y }, { x: ax, y: ay }) {
    const [indices, colours] = [array(codes), array(palette)];
    const picture = new ImageData(columns, indices.length / columns);
    const pixels = new Uint32Array(picture.data.buffer);
    const packed = new Uint32Array(colours.buffer);
    indices.forEach((code, i) => { pixels[i] = packed[code]; });
    const sheet = make("canvas");
    [sheet.width, sheet.height] = [picture.width, picture.height];
    sheet.getContext("2d").putImageData(picture, 0, 0);
    pen.save();
    pen.imageSmoothingEnabled = false;
    pen.translate(ax.to(x[0]), ay.to(y[0]));
    pen.scale((ax.to(x[1]) - ax.to(x[0])) / picture.width,
      (ay.to(y[1]) - ay.to(y[0])) / picture.height);
    pen.drawImage(sheet, 0, 0);
    pen.restore();
  },

  line(pen, { xy, colours, dash, width }, { x: ax, y: ay, paint }) {
    const values = array(xy);
    pen.beginPath();
    let next = "moveTo";
    for (let i = 0; i < values.length; i += 2) {
      const [x, y] = [ax.to(values[i]), ay.to(values[i + 1])];
      const shown = Number.isFinite(x) && Number.isFinite(y);
      if (shown) pen[next](x, y);
      next = shown ? "lineTo" : "moveTo";
    }
    stroke(pen, paint(colours[0]), width, dash);
  },

  points(pen, { xy, kinds, colours, markers, size, hollow },
    { x: ax, y: ay, paint }) {
    const [values, codes] = [array(xy), array(kinds)];
    colours.forEach((colour, kind) => {
      const path = new Path2D();
      codes.forEach((code, i) => {
        if (code !== kind) return;
        const [x, y] = [ax.to(values[2 * i]), ay.to(values[2 * i + 1])];
        marker(path, markers[kind], x, y, size);
      });
      sign(pen, path, paint(colour), hollow, paint("background"));
    });
  },

  bars(pen, { x, heights, colours, width }, { x: ax, y: ay, paint }) {
    const [places, tops] = [array(x), array(heights)];
    const foot = ay.to(Math.min(Math.max(0, ay.low), ay.high));
    tops.forEach((top, i) => {
      const left = ax.to(places[i] - width / 2);
      const right = ax.to(places[i] + width / 2);
      pen.fillStyle = paint(colours[i % colours.length]);
      pen.fillRect(left, foot, right - left, ay.to(top) - foot);
    });
  },

  mark(pen, { x, y, text, colours, dash }, { x: ax, y: ay, box, paint }) {
    const [left, top, right, bottom] = box;
    const upright = x !== null;
    const place = upright ? ax.to(x) : ay.to(y);
    pen.beginPath();
    pen.moveTo(upright ? place : left, upright ? top : place);
    pen.lineTo(upright ? place : right, upright ? bottom : place);
    stroke(pen, paint(colours[0]), 1.2, dash);
    const wide = pen.measureText(text).width + 5;
    const flip = upright ? place + wide > right : place - top < 16;
    pen.textAlign = upright && !flip ? "left" : "right";
    const [dx, dy] = upright ? [flip ? -5 : 5, 0] : [0, flip ? 9 : -9];
    halo(pen, text, upright ? place + dx : right - 5,
      upright ? top + 10 : place + dy, paint(colours[0]), paint);
  },

  text(pen, { x, y, text, colours }, { x: ax, y: ay, paint }) {
    pen.textAlign = "center";
    halo(pen, text, ax.to(x), ay.to(y), paint(colours[0]), paint);
  },
};

function stroke(pen, colour, width, dash) {
  [pen.strokeStyle, pen.lineWidth] = [colour, width];
  pen.setLineDash(DASHES[dash]);
  pen.stroke();
  pen.setLineDash([]);
}

/** A marker's path, filled with a thin rim or only its outline. */
function sign(pen, path, colour, hollow, rim) {
  [pen.fillStyle, pen.strokeStyle] = [colour, hollow ? colour : rim];
  pen.lineWidth = hollow ? 1.5 : 0.5;
  pen.stroke(path);
  if (!hollow) pen.fill(path); // over the rims of those below
}

/** Text that is legible on anything: with the background around it. */
function halo(pen, text, x, y, colour, paint) {
  [pen.strokeStyle, pen.lineWidth] = [paint("background"), 3];
  pen.strokeText(text, x, y);
  pen.fillStyle = colour;
  pen.fillText(text, x, y);
}

/** Title, then what has a label, in as many rows as needed; returns y. */
function heading(pen, plane, width, left, paint) {
  pen.textAlign = "left";
  pen.fillStyle = paint("text");
  pen.font = `600 ${FONT}`;
  let [x, y] = [left, 10];
  for (const word of plane.title.split(" ")) {
    const wide = pen.measureText(`${word} `).width;
    if (x > left && x + wide > width + 4) [x, y] = [left, y + 16];
    pen.fillText(word, x, y);
    x += wide;
  }
  pen.font = FONT;
  [x, y] = [left, y + 18];
  for (const layer of plane.layers) {
    layer.labels.forEach((label, i) => {
      if (!label) return;
      const wide = pen.measureText(label).width + 34;
      if (x > left && x + wide > width) [x, y] = [left, y + 17];
      const colour = paint(layer.colours[i]);
      if (layer.layer === "points") {
        const path = new Path2D();
        marker(path, layer.markers[i], x + 10, y, Math.min(5, layer.size + 1));
        sign(pen, path, colour, layer.hollow, paint("background"));
      } else if (layer.layer === "bars") {
        pen.fillStyle = colour;
        pen.fillRect(x + 4, y - 5, 12, 10);
      } else {
        pen.beginPath();
        pen.moveTo(x, y);
        pen.lineTo(x + 20, y);
        stroke(pen, colour, layer.width, layer.dash);
      }
      pen.fillStyle = paint("text");
      pen.fillText(label, x + 25, y);
      x += wide + 8;
    });
  }
  return x > left ? y + 12 : y - 8;
}

/** Draw a plane into a canvas; returns its axes and box for the handles. */
function drawPlane(canvas, plane, paint) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const ratio = window.devicePixelRatio || 1;
  const pen = canvas.getContext("2d");
  const size = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== size[0] || canvas.height !== size[1]) {
    [canvas.width, canvas.height] = size; // takes time
  }
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  [pen.font, pen.textBaseline, pen.lineJoin] = [FONT, "middle", "round"];
  let [left, right] = plane.axes ? [plane.ylabel ? 62 : 44, width - 20]
    : [2, width - 2];
  let top = heading(pen, plane, width, plane.axes ? left : 2, paint);
  let bottom = height - (!plane.axes ? 2 : plane.xlabel ? 40 : 24);
  if (plane.equal) {
    const span = ([low, high]) => Math.abs(high - low);
    const unit = Math.min((right - left) / span(plane.xlim),
      (bottom - top) / span(plane.ylim));
    right = left + unit * span(plane.xlim);
    bottom = top + unit * span(plane.ylim);
  }
  const box = [left, top, right, bottom];
  const x = axis(plane.xlim, plane.log.includes("x"), left, right, 55,
    plane.xticks);
  const y = axis(plane.ylim, plane.log.includes("y"), bottom, top, 32);
  const view = { x, y, box, paint };
  pen.save();
  pen.beginPath();
  pen.rect(left, top, right - left, bottom - top);
  pen.clip();
  for (const layer of plane.layers) draw[layer.layer](pen, layer, view);
  pen.restore();
  if (plane.axes) frame(pen, plane, view);
  return view;
}

/** The frame of a plane with ticks, numbers and labels. */
function frame(pen, plane, { x, y, box: [left, top, right, bottom], paint }) {
  [pen.strokeStyle, pen.lineWidth] = [paint("muted"), 1];
  pen.strokeRect(left, top, right - left, bottom - top);
  pen.fillStyle = paint("text");
  pen.beginPath();
  pen.textAlign = "center";
  for (const [value, word] of x.ticks) {
    pen.moveTo(x.to(value), bottom);
    pen.lineTo(x.to(value), bottom + 4);
    pen.fillText(word, x.to(value), bottom + 13);
  }
  pen.fillText(plane.xlabel, (left + right) / 2, bottom + 31);
  pen.textAlign = "right";
  for (const [value, word] of y.ticks) {
    pen.moveTo(left - 4, y.to(value));
    pen.lineTo(left, y.to(value));
    pen.fillText(word, left - 7, y.to(value));
  }
  pen.stroke();
  pen.save();
  pen.translate(left - 52, (top + bottom) / 2);
  pen.rotate(-Math.PI / 2);
  pen.textAlign = "center";
  pen.fillText(plane.ylabel, 0, 0);
  pen.restore();
}

// ---- Controls in a plane: each returns {place(view, plane)} --------------

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1],
  ArrowDown: [0, 1] };

/** What is focused and moved within a plane, for eyes and screen readers. */
function knob(figure, label, kind) {
  const element = make("div", { ...QUIET, role: "slider", tabindex: 0,
    "aria-label": label, "aria-valuenow": 0, class: `panel-${kind}` });
  figure.append(element);
  return element;
}

/** Run a function for each arrow key, ten times as far with Shift. */
function onArrows(element, move) {
  element.addEventListener("keydown", (event) => {
    const arrow = ARROWS[event.key];
    if (!arrow) return;
    event.preventDefault();
    event.stopPropagation();
    const factor = event.shiftKey ? 10 : 1;
    move(factor * arrow[0], factor * arrow[1], event);
  });
}

/** Run a function with the pointer's place, from when it is down to up. */
function onDrag(element, canvas, move) {
  const at = (event) => {
    const { left, top } = canvas.getBoundingClientRect();
    move(event.clientX - left, event.clientY - top, event);
  };
  element.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    event.preventDefault();
    element.setPointerCapture(event.pointerId);
    at(event);
  });
  element.addEventListener("pointermove", (event) => {
    if (element.hasPointerCapture(event.pointerId)) at(event);
  });
}

function handle(control, figure, canvas, values, changed) {
  const { name, along } = control;
  const element = knob(figure, control.label, "handle");
  element.append(make("span", {}, control.label));
  let [view, plane] = [null, null];

  function place(newView, newPlane) {
    [view, plane] = [newView, newPlane];
    const [x, y] = values[name];
    const [left, top, right, bottom] = view.box;
    element.style.setProperty("--colour", view.paint(control.colour));
    element.style.left = `${clamp(view.x.to(x), left, right)}px`;
    element.style.top = `${clamp(view.y.to(y), top, bottom)}px`;
    // In percent of the way: axe-core takes 1e-16 for no number.
    const way = along === "y" ? view.y.share(y) : view.x.share(x);
    element.setAttribute("aria-valuenow", Math.round(100 * way));
    element.setAttribute("aria-valuemin", 0);
    element.setAttribute("aria-valuemax", 100);
    const parts = [["x", plane.xlabel, x], ["y", plane.ylabel, y]]
      .filter(([one]) => along.includes(one))
      .map(([one, label, value]) => `${label || one} ${said(value)}`);
    element.setAttribute("aria-valuetext", parts.join(", "));
  }

  function moveTo(px, py) {
    const [left, top, right, bottom] = view.box;
    const old = values[name];
    const x = view.x.from(clamp(px, left, right));
    const y = view.y.from(clamp(py, top, bottom));
    values[name] = [along === "y" ? old[0] : x, along === "x" ? old[1] : y];
    place(view, plane);
    changed();
  }

  onArrows(element, (dx, dy) => {
    const [left, top, right, bottom] = view.box;
    const [x, y] = values[name];
    moveTo(view.x.to(x) + (dx * (right - left)) / 100,
      view.y.to(y) + (dy * (bottom - top)) / 100);
  });
  for (const target of control.click ? [element, canvas] : [element]) {
    onDrag(target, canvas, (x, y) => {
      element.focus({ preventScroll: true });
      moveTo(x, y);
    });
  }
  if (control.click) canvas.style.touchAction = "none";
  return { place };
}

function pick(control, figure, canvas, values, changed) {
  const { name } = control;
  const element = knob(figure, control.label, "pick");
  let [places, plane, view, cursor] = [[], null, null, 0];

  function place(newView, newPlane) {
    [view, plane] = [newView, newPlane];
    const layer = plane.layers.find((one) => one.pick === name);
    const xy = layer ? array(layer.xy) : [];
    places = [];
    for (let i = 0; i < xy.length; i += 2) {
      places.push([view.x.to(xy[i]), view.y.to(xy[i + 1]), xy[i], xy[i + 1]]);
    }
    element.hidden = !places.length;
    cursor = clamp(cursor, 0, Math.max(0, places.length - 1));
    show();
  }

  function show() {
    if (!places.length) return;
    const [px, py, x, y] = places[cursor];
    [element.style.left, element.style.top] = [`${px}px`, `${py}px`];
    element.setAttribute("aria-valuenow", cursor);
    element.setAttribute("aria-valuemax", places.length - 1);
    const picked = values[name].includes(cursor) ? ", picked" : "";
    element.setAttribute("aria-valuetext", `point ${cursor + 1} of `
      + `${places.length} at ${said(x)}, ${said(y)}${picked}`);
  }

  function take(index) {
    cursor = index;
    const others = values[name].filter((one) => one !== index);
    const back = others.length < values[name].length;
    values[name] = control.single ? [index]
      : back ? others : [...others, index];
    show();
    changed();
  }

  /** The place with the least distance, as `far` measures it. */
  function nearest(far) {
    const all = places.map(([x, y]) => far(x, y));
    return all.indexOf(Math.min(...all));
  }

  onArrows(element, (dx, dy) => { // the next one that way, not far aside
    if (control.single && dx) { // points in a row
      cursor = clamp(cursor + dx, 0, places.length - 1);
      return show();
    }
    const [px, py] = places[cursor];
    const next = nearest((x, y) => {
      const ahead = (x - px) * Math.sign(dx) + (y - py) * Math.sign(dy);
      const aside = Math.abs(dx ? y - py : x - px);
      const enough = Math.abs(dx || dy) > 1 ? 40 : 0.01;
      return ahead >= enough ? ahead + 3 * aside : Infinity;
    });
    const [x, y] = places[next];
    const moved = (x - px) * Math.sign(dx) + (y - py) * Math.sign(dy);
    if (moved > 0) cursor = next;
    show();
  });
  element.addEventListener("keydown", (event) => {
    if (event.key !== " " && event.key !== "Enter") return;
    event.preventDefault();
    event.stopPropagation();
    take(cursor);
  });
  canvas.addEventListener("click", (event) => {
    const { left, top } = canvas.getBoundingClientRect();
    const [px, py] = [event.clientX - left, event.clientY - top];
    const far = (x, y) => Math.hypot(x - px, y - py);
    const next = nearest(far);
    if (next >= 0 && far(...places[next]) < 14) take(next);
  });
  return { place };
}

// ---- Controls beside the planes: each returns {element, show()} ----------

/** An id that no other panel of the page has; each loads this file anew. */
const unique = () => `panel-${Math.random().toString(36).slice(2)}`;

function labelled(text, input) {
  input.id = unique();
  return make("label", { for: input.id }, text);
}

function slider(control, values, changed) {
  const { name, label, words } = control;
  const input = make("input", { ...QUIET, type: "range", min: 0,
    max: words.length - 1, step: 1 });
  const output = make("output", {});
  output.style.minWidth = `${Math.max(...words.map((w) => w.length))}ch`;
  const row = make("div", { class: "panel-row" }, labelled(label, input),
    input, output);
  const show = () => {
    const word = words[values[name]];
    input.value = values[name];
    input.setAttribute("aria-valuetext", word);
    output.textContent = word;
  };
  input.addEventListener("input", () => {
    values[name] = Number(input.value);
    show();
    changed();
  });
  return { element: row, show };
}

function time(control, values, changed) {
  const { name } = control;
  const last = control.words.length - 1;
  const { element, show } = slider(control, values, changed);
  let [playing, due] = [false, 0];
  const button = (text, act) => {
    const one = make("button", { ...QUIET, type: "button" }, text);
    one.addEventListener("click", act);
    return one;
  };
  const go = (step) => {
    values[name] = clamp(step, 0, last);
    show();
    changed();
  };
  const stop = () => {
    playing = false;
    clearTimeout(due);
    play.textContent = "play";
  };
  const play = button("play", () => {
    if (playing) return stop();
    playing = true;
    play.textContent = "pause";
    go(values[name] < last ? values[name] + 1 : 0);
  });
  element.append(
    button("step", () => { stop(); go(values[name] + 1); }),
    play,
    button("reset", () => { stop(); go(control.start); }),
  );
  element.addEventListener("input", stop);
  const answered = (took) => { // as fast as answers come
    if (!playing) return;
    if (values[name] === last || !element.isConnected) return stop();
    due = setTimeout(() => go(values[name] + 1),
      Math.max(0, FRAME_MS - took));
  };
  return { element, show, answered };
}

function choice(control, values, changed) {
  const { name, label, words } = control;
  const together = unique();
  const group = make("fieldset", { class: "panel-row" },
    make("legend", {}, label));
  const inputs = words.map((word) => {
    const input = make("input", { ...QUIET, type: "radio" });
    group.append(make("span", {}, input, labelled(word, input)));
    return input;
  });
  inputs.forEach((input, i) => {
    input.name = together;
    input.addEventListener("change", () => {
      values[name] = i;
      changed();
    });
  });
  return { element: group, show: () => {
    inputs[values[name]].checked = true;
  } };
}

function toggle(control, values, changed) {
  const { name } = control;
  const input = make("input", { ...QUIET, type: "checkbox" });
  input.addEventListener("change", () => {
    values[name] = input.checked;
    changed();
  });
  const element = make("span", {}, input, labelled(control.label, input));
  return { element, show: () => { input.checked = values[name]; } };
}

function button(control, values, changed, showAll) {
  const { name, label, sets } = control;
  const element = make("button", { ...QUIET, type: "button" }, label);
  element.addEventListener("click", () => {
    if (sets) Object.assign(values, structuredClone(sets));
    else values[name] += 1;
    showAll();
    changed();
  });
  return { element, show() {} };
}

// ---- A picture to paint --------------------------------------------------

function drawing(control, values, changed, paint) {
  const { name, side, label } = control;
  const canvas = make("canvas", { ...QUIET, role: "application", tabindex: 0,
    class: "panel-drawing", "aria-label": `${label}: ${side} by ${side} `
      + "pixels; arrow keys move the pen, Space paints, with Shift it "
      + "paints as it moves" });
  const middle = Math.floor(side / 2) + 0.5;
  const inside = (v) => clamp(v, 0.5, side - 0.5);
  let pen = [middle, middle]; // in pixels of the drawing
  let old = null;

  /** Paint along the way from the pen's last place, with a soft edge. */
  function paintTo(x, y) {
    const pixels = [...values[name]];
    const [x0, y0] = old || [x, y];
    const [dx, dy] = [x - x0, y - y0];
    const length = dx * dx + dy * dy || 1;
    pixels.forEach((ink, i) => {
      const [px, py] = [(i % side) + 0.5, Math.floor(i / side) + 0.5];
      const t = ((px - x0) * dx + (py - y0) * dy) / length;
      const s = clamp(t, 0, 1);
      const far = Math.hypot(px - x0 - s * dx, py - y0 - s * dy);
      const soft = clamp(1.7 - far, 0, 1);
      pixels[i] = Math.max(ink, Math.round(255 * soft));
    });
    values[name] = pixels;
    [old, pen] = [[x, y], [x, y].map(inside)];
    show();
    changed();
  }

  function show() {
    const ratio = window.devicePixelRatio || 1;
    const size = canvas.clientWidth * ratio;
    [canvas.width, canvas.height] = [size, size];
    const ground = canvas.getContext("2d");
    const cell = size / side;
    ground.fillStyle = paint("background");
    ground.fillRect(0, 0, size, size);
    ground.fillStyle = paint("text");
    values[name].forEach((ink, i) => {
      ground.globalAlpha = ink / 255;
      ground.fillRect((i % side) * cell, Math.floor(i / side) * cell,
        cell + 0.5, cell + 0.5);
    });
    ground.globalAlpha = 1;
    if (!canvas.matches(":focus-visible")) return;
    [ground.strokeStyle, ground.lineWidth] = [paint("#D55E00"), 2 * ratio];
    ground.strokeRect((pen[0] - 0.5) * cell, (pen[1] - 0.5) * cell, cell,
      cell);
  }

  onDrag(canvas, canvas, (x, y, event) => {
    if (event.type === "pointerdown") {
      old = null;
      canvas.focus({ preventScroll: true });
    }
    const cell = canvas.clientWidth / side;
    paintTo(x / cell, y / cell);
  });
  onArrows(canvas, (dx, dy, event) => {
    const next = [pen[0] + Math.sign(dx), pen[1] + Math.sign(dy)]
      .map(inside);
    old = pen;
    if (event.shiftKey) return paintTo(...next);
    pen = next;
    show();
  });
  canvas.addEventListener("keydown", (event) => {
    if (event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    old = null;
    paintTo(...pen);
  });
  canvas.addEventListener("focus", show);
  canvas.addEventListener("blur", show);
  const clear = make("button", { ...QUIET, type: "button" }, "clear");
  clear.addEventListener("click", () => {
    values[name] = values[name].map(() => 0);
    show();
    changed();
  });
  const caption = make("figcaption", {}, label, " ", clear);
  return { element: make("figure", {}, caption, canvas), show };
}

// ---- The panel -----------------------------------------------------------

const BESIDE = { slider, time, choice, toggle, button };
const WITHIN = { handle, pick };

function render({ model, el }) {
  const question = model.get("question");
  const controls = Object.entries(model.get("controls"))
    .map(([name, control]) => ({ name, ...control }));
  // The controls' values, as Python's `write` gives them, and the number of
  // the answer to them: where a page was opened before, the last ones.
  let { number, values } = structuredClone(model.get("answer"));
  const planes = make("div", { class: "panel-planes" });
  const sentence = make("p", { "aria-live": "polite" });
  const beside = make("div", { class: "panel-controls" });
  const section = make("section", { class: "panel", "aria-label": question },
    make("p", { class: "panel-question" }, question), planes, sentence,
    beside);
  el.append(section);

  /** A colour: one of the theme's by its name, or as it is. */
  let theme = {};
  const paint = (colour) => theme[colour] || colour;
  function readTheme() {
    const style = getComputedStyle(section);
    const variable = (name) => style.getPropertyValue(name).trim();
    theme = { text: style.color,
      muted: variable("--panel-muted") || "gray",
      background: style.backgroundColor };
  }

  // One question at a time is on its way to Python; while it is, changes
  // wait, and then the latest values are sent.
  let [waiting, stale, sent, late] = [false, false, 0, 0];
  function changed() {
    stale = waiting;
    if (waiting) return;
    [waiting, sent] = [true, performance.now()];
    section.dataset.waiting = "";
    number += 1;
    late = setTimeout(() => { sentence.textContent = SILENT; }, PATIENCE_MS);
    model.send({ number, values });
  }

  const shown = controls.map((control) => {
    const { kind } = control;
    if (kind === "drawing") return drawing(control, values, changed, paint);
    const build = BESIDE[kind];
    return build && build(control, values, changed, () => showAll());
  }).filter(Boolean);
  for (const { element } of shown) {
    (element.tagName === "FIGURE" ? planes : beside).append(element);
  }
  const views = []; // of the planes: {figure, canvas, within}
  function addView(plane) {
    const canvas = make("canvas", { role: "img" });
    const figure = make("figure", { class: "panel-plane" }, canvas);
    [figure.style.width, figure.style.height] = plane.size
      .map((pixels) => `${pixels}px`);
    planes.append(figure);
    const within = controls
      .filter((one) => WITHIN[one.kind] && one.plane === views.length)
      .map((one) => WITHIN[one.kind](one, figure, canvas, values, changed));
    views.push({ figure, canvas, within });
    resized.observe(figure);
  }

  function showPlanes() {
    const answer = model.get("answer");
    sentence.textContent = answer.sentence;
    (answer.planes || []).forEach((plane, i) => {
      if (i === views.length) addView(plane);
      const { canvas, within } = views[i];
      const view = drawPlane(canvas, plane, paint);
      const axes = [["horizontal", plane.xlabel, view.x],
        ["vertical", plane.ylabel, view.y]]
        .map(([way, label, { ticks }]) =>
          `${way}: ${label} ${ticks.map(([, word]) => word).join(", ")}`);
      canvas.setAttribute("aria-label", plane.axes
        ? [plane.title, ...axes].join("; ") : plane.title);
      within.forEach((one) => one.place(view, plane));
    });
  }

  function showAll() {
    readTheme();
    shown.forEach((one) => one.show());
    showPlanes();
  }

  function answered() {
    clearTimeout(late);
    if (model.get("answer").number === number) {
      waiting = false;
      if (stale) changed(); // Python works while this answer is drawn
    }
    showPlanes();
    section.dataset.redraws = Number(section.dataset.redraws || 0) + 1;
    if (waiting) return;
    delete section.dataset.waiting;
    const took = performance.now() - sent;
    shown.forEach((one) => one.answered && one.answered(took));
  }

  const resized = new ResizeObserver(showAll);
  const themed = new MutationObserver(() => requestAnimationFrame(showAll));
  themed.observe(document.body, { attributes: true });
  model.on("change:answer", answered);
  showAll();
  return () => {
    model.off("change:answer", answered);
    resized.disconnect();
    themed.disconnect();
  };
}

export default { render };
