const N = 3e7, dx = 2 / N;
const src = `"use strict"; return (first,count,step,context,identity,at)=>{ let i = first; try { let value = identity; for (let n = 0; n < count; n++) { value += body(i, context); i++; } return value; } catch (e) { at(i); throw e; } }`;
const plainCopy = (c: object) => { const o: Record<string, unknown> = {}; for (const k of Object.keys(c)) o[k] = (c as any)[k]; return o; };
const lit = (c: object) => { const keys = Object.keys(c); return new Function("v", `return ({${keys.map((k, i) => `${JSON.stringify(k)}: v[${i}]`)}})`)(Object.values(c)); };
const I = (o: object) => o;
const results = new Map<string, number[]>();
for (let r = 0; r < 7; r++) for (const [name, make] of [["loop", plainCopy], ["lit", lit], ["assign", (c: object) => Object.assign({}, c)], ["spread", (c: object) => ({ ...c })], ["clone", structuredClone]] as [string, (c: object) => object][])
 for (const [fname, f] of [["", I], ["frozen", Object.freeze], ["sealed", Object.seal]] as [string, (o: object) => object][]) {
  const b = new Function("//" + Math.random() + "\n" + "return (i, { dx }) => { const x = i * dx; return x * x - x; }")();
  const d = new Function("body", src + "//" + Math.random())(b);
  const ctx = f(make({ dx: dx + r * 1e-12 }));
  const t = performance.now(); d(0, N, 1, ctx, 0, () => {}); const k = name + " " + fname; if (!results.has(k)) results.set(k, []); results.get(k)!.push(performance.now() - t);
}
for (const [k, v] of results) console.log(k.padEnd(20), v.map((x) => x.toFixed(0)).join(" "));
