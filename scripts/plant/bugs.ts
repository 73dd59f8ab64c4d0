/**
 * Bugs that can be planted in a source file: each changes one expression or statement, and is still
 * TypeScript.
 *
 * @module
 */

import ts from "typescript";

/** A change of a source text. */
export interface Bug {
  /** What is changed, for a reader. */
  what: string;
  line: number;
  /** Where the text that is replaced begins. */
  from: number;
  /** Where it ends. */
  to: number;
  /** What takes its place. */
  text: string;
}

const swapped: ReadonlyMap<ts.SyntaxKind, string> = new Map([
  [ts.SyntaxKind.LessThanToken, "<="],
  [ts.SyntaxKind.LessThanEqualsToken, "<"],
  [ts.SyntaxKind.GreaterThanToken, ">="],
  [ts.SyntaxKind.GreaterThanEqualsToken, ">"],
  [ts.SyntaxKind.EqualsEqualsEqualsToken, "!=="],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken, "==="],
  [ts.SyntaxKind.AmpersandAmpersandToken, "||"],
  [ts.SyntaxKind.BarBarToken, "&&"],
  [ts.SyntaxKind.PlusToken, "-"],
  [ts.SyntaxKind.MinusToken, "+"],
]);

/** Returns all bugs that can be planted in a file. */
export function bugsIn(source: string): Bug[] {
  const file = ts.createSourceFile("source.ts", source, ts.ScriptTarget.Latest, true);
  const bugs: Bug[] = [];
  const add = (node: ts.Node, what: string, text: string) => {
    const [from, to] = [node.getStart(file), node.getEnd()];
    const line = file.getLineAndCharacterOfPosition(from).line + 1;
    bugs.push({ what, line, from, to, text });
  };
  const zeros = zerosOf(file);
  const isZero = (node: ts.Node) => ts.isIdentifier(node) && zeros.has(node.text);
  const short = (node: ts.Node) => node.getText(file).replace(/\s+/g, " ").slice(0, 60);
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node) || ts.isInterfaceDeclaration(node) || ts.isImportDeclaration(node)) {
      return;
    }
    if (ts.isBinaryExpression(node)) {
      const other = swapped.get(node.operatorToken.kind);
      const isSame = (other === "+" || other === "-") && isZero(node.right);
      if (other !== undefined && !isSame) {
        add(node.operatorToken, `${other} in ${short(node)}`, other);
      }
    } else if (ts.isExpressionStatement(node) && ts.isCallExpression(node.expression)) {
      if (node.expression.expression.kind !== ts.SyntaxKind.SuperKeyword) {
        add(node, `drops ${short(node)}`, ";");
      }
    } else if (ts.isIfStatement(node)) {
      add(node.expression, `never ${short(node)}`, "false");
    } else if (ts.isAwaitExpression(node) && !isReturned(node)) {
      add(node, `does not await ${short(node.expression)}`, node.expression.getText(file));
    } else if (ts.isTryStatement(node) && node.finallyBlock !== undefined) {
      add(node.finallyBlock, `drops finally ${short(node.finallyBlock)}`, "{}");
    } else if (node.kind === ts.SyntaxKind.TrueKeyword) add(node, "false for true", "false");
    else if (node.kind === ts.SyntaxKind.FalseKeyword) add(node, "true for false", "true");
    ts.forEachChild(node, visit);
  };
  visit(file);
  return bugs;
}

/** Returns the constants of a file that are 0: it makes no difference to subtract one in place of adding it. */
function zerosOf(file: ts.SourceFile): Set<string> {
  const zeros = new Set<string>();
  for (const statement of file.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    for (const { name, initializer } of statement.declarationList.declarations) {
      if (initializer?.getText(file) === "0" && ts.isIdentifier(name)) zeros.add(name.text);
    }
  }
  return zeros;
}

/** Whether the promise is returned where nothing catches its error: it makes no difference to await it. */
function isReturned(node: ts.AwaitExpression): boolean {
  let [value, returned]: ts.Node[] = [node, node.parent];
  const isBranch = () => ts.isConditionalExpression(returned) && returned.condition !== value;
  while (ts.isAsExpression(returned) || ts.isParenthesizedExpression(returned) || isBranch()) {
    [value, returned] = [returned, returned.parent];
  }
  if (ts.isArrowFunction(returned)) return true; // its body
  if (!ts.isReturnStatement(returned)) return false;
  for (let at: ts.Node = returned; !ts.isFunctionLike(at); at = at.parent) {
    if (ts.isTryStatement(at) || at.parent === undefined) return false;
  }
  return true;
}
