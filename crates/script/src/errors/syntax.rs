//! Looks into Rhai's syntax tree: the one file that uses Rhai's `internals`, which may change with any release.
//! Trees must be built with `OptimizationLevel::None`: folding constants drops the positions of map keys.

use rhai::{AST, ASTNode, Expr, FnCallExpr, FnPtr, Position, Stmt};

use super::{Source, Span};

/// A call in the script.
struct Call<'a> {
    call: &'a FnCallExpr,
    after_dot: bool,
}

fn find_call(ast: &AST, position: Position, found: &mut dyn FnMut(&Call<'_>)) {
    ast.walk(&mut |path: &[ASTNode<'_>]| {
        let call = match path.last() {
            Some(ASTNode::Expr(Expr::FnCall(call, at)) | ASTNode::Stmt(Stmt::FnCall(call, at))) if *at == position => {
                Some(Call { call, after_dot: false })
            }
            Some(ASTNode::Expr(Expr::MethodCall(call, at))) if *at == position => Some(Call { call, after_dot: true }),
            _ => None,
        };
        if let Some(call) = call {
            found(&call);
            return false;
        }
        true
    });
}

/// The bytes that `locus` names in the call at `position`; `None` where the tree does not have it (an argument handed
/// over in a variable whose map is not written in this file).
pub(crate) fn span_of(
    source: &Source,
    ast: &AST,
    position: Position,
    locus: &Span,
    method: bool,
) -> Option<std::ops::Range<usize>> {
    let mut span = None;
    find_call(ast, position, &mut |site| {
        let shift = usize::from(method && !site.after_dot);
        let argument = |index: usize| site.call.args.get(index + shift);
        span = match locus {
            Span::Word | Span::Place(..) | Span::Part(..) | Span::Option(_) => None,
            Span::Argument(index) => argument(*index).map(|expr| source.expression(start(source, expr))),
            Span::Key(index, path) => {
                argument(*index).and_then(|expr| key(source, ast, expr, path)).map(|(key, _)| key)
            }
            Span::Value(index, path) => {
                argument(*index).and_then(|expr| key(source, ast, expr, path)).map(|(_, value)| value)
            }
        };
        if span.is_none() {
            let (Span::Argument(index) | Span::Key(index, _) | Span::Value(index, _)) = locus else { return };
            span = argument(*index).map(|expr| source.expression(start(source, expr)));
        }
    });
    span
}

type Spans = (std::ops::Range<usize>, std::ops::Range<usize>);

/// Spans of a map's key and of its value.
fn key(source: &Source, ast: &AST, expr: &Expr, path: &[String]) -> Option<Spans> {
    let (first, rest) = path.split_first()?;
    match expr {
        Expr::Map(map, _) => {
            let (ident, value) = map.0.iter().find(|(ident, _)| ident.name.as_str() == first)?;
            if rest.is_empty() {
                let name = source.word(source.offset(ident.pos));
                Some((name, source.expression(start(source, value))))
            } else {
                key(source, ast, value, rest)
            }
        }
        Expr::Array(items, _) => {
            let item = items.get(first.parse::<usize>().ok()?)?;
            if rest.is_empty() {
                let whole = source.expression(start(source, item));
                Some((whole.clone(), whole))
            } else {
                key(source, ast, item, rest)
            }
        }
        Expr::Variable(variable, ..) => {
            let name = variable.1.as_str();
            let mut spans = None;
            ast.walk(&mut |nodes: &[ASTNode<'_>]| {
                if let Some(ASTNode::Stmt(Stmt::Var(definition, ..))) = nodes.last()
                    && definition.0.name.as_str() == name
                    && matches!(definition.1, Expr::Map(..) | Expr::Array(..))
                {
                    spans = key(source, ast, &definition.1, path);
                }
                true
            });
            spans
        }
        _ => None,
    }
}

/// The value of a pretext task's or augmentation's `option`, if the script writes it once: as a key in a task's map, or as a
/// change to an augmentation. `makes_a_task` knows the words.
pub(crate) fn task_option(
    source: &Source,
    ast: &AST,
    option: &str,
    makes_a_task: impl Fn(&str) -> bool,
) -> Option<std::ops::Range<usize>> {
    let is_task = |node: &ASTNode<'_>| match node {
        ASTNode::Expr(Expr::FnCall(call, _)) | ASTNode::Stmt(Stmt::FnCall(call, _)) => makes_a_task(&call.name),
        _ => false,
    };
    let mut found = Vec::new();
    ast.walk(&mut |path: &[ASTNode<'_>]| {
        match path.last() {
            Some(ASTNode::Expr(Expr::Map(map, _))) if path.iter().any(is_task) => {
                let values = map.0.iter().filter(|(key, _)| key.name.as_str() == option);
                found.extend(values.map(|(_, value)| source.expression(start(source, value))));
            }
            Some(ASTNode::Expr(Expr::MethodCall(call, _))) if call.name.as_str() == option => {
                found.extend(call.args.first().map(|value| source.expression(start(source, value))));
            }
            _ => {}
        }
        true
    });
    found.sort_by_key(|span| span.start);
    found.dedup();
    (found.len() == 1).then(|| found.remove(0))
}

/// Where an expression starts. Rhai's start of `a + b` and `a.b` is that of `a`; of a map its `#{`.
fn start(source: &Source, expr: &Expr) -> usize {
    source.offset(expr.start_position())
}

/// Every function name that is called anywhere in the script, with its position, in order of appearance.
pub(crate) fn called_names(ast: &AST) -> Vec<(String, Position)> {
    let mut names = Vec::new();
    ast.walk(&mut |path: &[ASTNode<'_>]| {
        if let Some(
            ASTNode::Expr(Expr::FnCall(call, at) | Expr::MethodCall(call, at)) | ASTNode::Stmt(Stmt::FnCall(call, at)),
        ) = path.last()
            && call.op_token.is_none()
            && call.namespace.is_empty()
        {
            names.push((call.name.to_string(), *at));
        }
        true
    });
    names
}

/// Every function without a name, by the name that Rhai gives it, with the position of its first `|`.
pub(crate) fn closures(ast: &AST) -> Vec<(String, Position)> {
    let mut found = Vec::new();
    ast.walk(&mut |path: &[ASTNode<'_>]| {
        if let Some(ASTNode::Expr(Expr::DynamicConstant(value, at))) = path.last()
            && let Some(pointer) = value.read_lock::<FnPtr>()
        {
            found.push((pointer.fn_name().to_owned(), *at));
        }
        true
    });
    found
}

/// Every `import "path" as name` outside of functions: path and name. What is imported by a computed path is left out.
pub(crate) fn imports(ast: &AST) -> Vec<(String, String)> {
    let mut found = Vec::new();
    ast.walk(&mut |path: &[ASTNode<'_>]| {
        if let [ASTNode::Stmt(Stmt::Import(import, _))] = path
            && let (Expr::StringConstant(path, _), name) = &**import
            && !name.name.is_empty()
        {
            found.push((path.to_string(), name.name.to_string()));
        }
        true
    });
    found
}

/// Names of all variables defined anywhere, parameters included; they may hold closures.
pub(crate) fn variables(ast: &AST) -> Vec<String> {
    let mut names: Vec<String> = ast
        .iter_functions()
        .flat_map(|function| function.params.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
        .collect();
    ast.walk(&mut |path: &[ASTNode<'_>]| {
        match path.last() {
            Some(ASTNode::Stmt(Stmt::Var(definition, ..))) => names.push(definition.0.name.to_string()),
            Some(ASTNode::Stmt(Stmt::For(definition, ..))) => names.push(definition.0.name.to_string()),
            _ => {}
        }
        true
    });
    names
}
