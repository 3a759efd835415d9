// What the comments of a source file say about its schemas and their fields: they are the descriptions of the document.
import ts from 'typescript';

/** By the name of an exported constant: its comment under the empty path, those of fields under `field` or `field/inner`. */
export type Comments = Map<string, Map<string, string>>;

/** Adds what one file says. Names are unique over the files of the protocol. */
export function readComments(fileName: string, text: string, into: Comments): void {
  const source = ts.createSourceFile(fileName, text, ts.ScriptTarget.Latest, true);
  for (const statement of source.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    for (const { name, initializer } of statement.declarationList.declarations) {
      if (!ts.isIdentifier(name) || !initializer) continue;
      const found = new Map(into.get(baseOf(initializer) ?? ''));
      found.delete('');
      const own = commentOf(statement);
      if (own) found.set('', own);
      visit(initializer, [], { found, known: into });
      into.set(name.text, found);
    }
  }
}

interface Reading {
  found: Map<string, string>;
  /** What was read before: constants are used behind where they are made. */
  known: Comments;
}

function visit(node: ts.Node, path: string[], reading: Reading): void {
  const { found, known } = reading;
  if (ts.isPropertyAssignment(node) && ts.isIdentifier(node.name)) {
    const inner = [...path, node.name.text];
    const comment = commentOf(node);
    if (comment) found.set(inner.join('/'), comment);
    visit(node.initializer, inner, reading);
    return;
  }
  if (ts.isShorthandPropertyAssignment(node)) {
    const comment = commentOf(node) ?? known.get(node.name.text)?.get('');
    if (comment) found.set([...path, node.name.text].join('/'), comment);
  }
  // `...inSession`, and the parts of a union.
  if (ts.isSpreadAssignment(node) || ts.isArrayLiteralExpression(node)) {
    for (const part of ts.isSpreadAssignment(node) ? [node.expression] : node.elements) {
      if (!ts.isIdentifier(part)) continue;
      for (const [at, comment] of known.get(part.text) ?? []) {
        if (at !== '') found.set([...path, at].join('/'), comment);
      }
    }
  }
  ts.forEachChild(node, (child) => visit(child, path, reading));
}

/** `Exit` of `Exit.extend({...})`: its fields are among these. */
function baseOf(node: ts.Expression): string | undefined {
  if (ts.isIdentifier(node)) return node.text;
  if (ts.isCallExpression(node) || ts.isPropertyAccessExpression(node)) return baseOf(node.expression);
  return undefined;
}

function commentOf(node: ts.Node): string | undefined {
  const comment = ts.getJSDocCommentsAndTags(node).find(ts.isJSDoc)?.comment;
  return ts.getTextOfJSDocComment(comment)?.replace(/\s+/g, ' ');
}
