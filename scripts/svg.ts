/**
 * What the plots of measurements share.
 *
 * @module
 */

import type { Cell, Measured } from "../bench/results.ts";

/** The width of a plot. */
export const WIDTH = 720;

const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600; font-size: 14px }
  .back { fill: #ffffff }
  .bar { fill: #afb8c1 }
  .first { fill: #2f81f7 }
  .spread { stroke: #57606a; stroke-width: 1.5 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .back { fill: #0d1117 }
    .bar { fill: #57606a }
    .spread { stroke: #c9d1d9 }
  }`;

/** Returns an image with a title above its content, for light and dark pages. */
export function svgOf(title: string, height: number, content: string, style = ""): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" ` +
    `width="${WIDTH}" height="${height}" role="img" aria-label="${escaped(title)}">\n` +
    `<style>${STYLE}${style}\n</style>\n` +
    `<rect class="back" width="${WIDTH}" height="${height}" rx="6"/>\n` +
    `<text class="title" x="16" y="25">${escaped(title)}</text>\n${content}</svg>\n`;
}

/** Returns a text at a place. */
export function text(x: number, y: number, content: string, attributes = ""): string {
  return `<text x="${x}" y="${y}"${attributes}>${escaped(content)}</text>\n`;
}

/** Returns the text without the marks of Markdown. */
export function plain(markdown: string): string {
  return markdown.replaceAll("`", "");
}

function escaped(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

/** Returns a number with three digits. */
export function numberOf(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString("en", { maximumFractionDigits: 20 });
}

/** Whether the cell has a number. */
export function isMeasured(cell: Cell | undefined): cell is Measured {
  return cell !== undefined && !("failed" in cell);
}
