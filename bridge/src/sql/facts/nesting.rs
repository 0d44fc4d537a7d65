//! How large an AST is, and its caps. Recursion over it later costs stack by depth and by the
//! length of its chains; planning costs time by its nodes, joins and nested queries.

use datafusion::sql::sqlparser::ast::{Expr, SetExpr};
use datafusion::sql::sqlparser::tokenizer::Location;
use serde::Serialize;

use crate::error::Result;
use crate::sql::caps::{Limits, passed};

#[derive(Serialize, Default, Clone)]
pub struct AstSize {
    depth: usize,
    nodes: usize,
    /// Nodes when every use of a CTE is counted with the CTE's own nodes.
    expanded_nodes: usize,
    joins: usize,
    subquery_depth: usize,
    with_depth: usize,
    longest_chain: usize,
    /// Items of the longest IN list.
    longest_in_list: usize,
}

/// Where the walk is.
pub struct Nesting<'l> {
    limits: &'l Limits,
    pub size: AstSize,
    depth: usize,
    queries: usize,
    withs: usize,
    /// The chain length of each enclosing expression; a query starts anew with a 0.
    chains: Vec<usize>,
    /// Expanded nodes of each enclosing query.
    weights: Vec<usize>,
}

impl<'l> Nesting<'l> {
    pub fn new(limits: &'l Limits) -> Self {
        Nesting {
            limits,
            size: AstSize::default(),
            depth: 0,
            queries: 0,
            withs: 0,
            chains: Vec::new(),
            weights: vec![0],
        }
    }

    fn node(&mut self, at: Location) -> Result<()> {
        self.size.nodes += 1;
        let maximum = self.limits.max_ast_nodes;
        if self.size.nodes > maximum {
            return Err(passed("max_ast_nodes", self.size.nodes, maximum, at));
        }
        self.add_weight(1, at)
    }

    /// A use of a CTE weighs what the CTE weighs.
    pub fn add_weight(&mut self, nodes: usize, at: Location) -> Result<()> {
        let Some(weight) = self.weights.last_mut() else {
            return Ok(());
        };
        *weight = weight.saturating_add(nodes);
        let (weight, maximum) = (*weight, self.limits.max_ast_nodes);
        self.size.expanded_nodes = self.size.expanded_nodes.max(weight);
        if weight > maximum {
            return Err(passed("max_ast_nodes", weight, maximum, at));
        }
        Ok(())
    }

    fn deeper(&mut self, at: Location) -> Result<()> {
        self.depth += 1;
        self.size.depth = self.size.depth.max(self.depth);
        let maximum = self.limits.max_ast_depth;
        if self.depth > maximum {
            return Err(passed("max_ast_depth", self.depth, maximum, at));
        }
        Ok(())
    }

    pub fn enter(&mut self, at: Location) -> Result<()> {
        self.node(at)?;
        self.deeper(at)
    }

    pub fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    pub fn enter_query(&mut self, with: bool, at: Location) -> Result<()> {
        self.enter(at)?;
        self.weights.push(0);
        self.chains.push(0);
        self.queries += 1;
        let below = self.queries - 1;
        self.size.subquery_depth = self.size.subquery_depth.max(below);
        if below > self.limits.max_subquery_depth {
            let maximum = self.limits.max_subquery_depth;
            return Err(passed("max_subquery_depth", below, maximum, at));
        }
        if with {
            self.withs += 1;
            self.size.with_depth = self.size.with_depth.max(self.withs);
            if self.withs > self.limits.max_with_depth {
                let maximum = self.limits.max_with_depth;
                return Err(passed("max_with_depth", self.withs, maximum, at));
            }
        }
        Ok(())
    }

    /// What the query weighs; the caller adds it where the query stands.
    pub fn leave_query(&mut self, with: bool) -> usize {
        self.leave();
        self.chains.pop();
        self.queries = self.queries.saturating_sub(1);
        if with {
            self.withs = self.withs.saturating_sub(1);
        }
        self.weights.pop().unwrap_or(0)
    }

    /// Links of one chain nest in the AST but read as a list: they count as a chain.
    pub fn enter_expr(&mut self, expr: &Expr, at: Location) -> Result<()> {
        self.node(at)?;
        if let Expr::InList { list, .. } = expr {
            self.in_list(list.len(), at)?;
        }
        let outer = self.chains.last().copied().unwrap_or(0);
        let chain = if is_link(expr) { outer + 1 } else { 0 };
        self.chains.push(chain);
        if chain > 1 {
            self.chain(chain, at)
        } else {
            self.deeper(at)
        }
    }

    pub fn leave_expr(&mut self) {
        if self.chains.pop().unwrap_or(0) <= 1 {
            self.leave();
        }
    }

    fn chain(&mut self, length: usize, at: Location) -> Result<()> {
        self.size.longest_chain = self.size.longest_chain.max(length);
        let maximum = self.limits.max_chain;
        if length > maximum {
            return Err(passed("max_chain", length, maximum, at));
        }
        Ok(())
    }

    fn in_list(&mut self, items: usize, at: Location) -> Result<()> {
        self.size.longest_in_list = self.size.longest_in_list.max(items);
        let maximum = self.limits.max_in_list;
        if items > maximum {
            return Err(passed("max_in_list", items, maximum, at));
        }
        Ok(())
    }

    /// The arms of a set operation, counted without recursion.
    pub fn set_operations(&mut self, body: &SetExpr, at: Location) -> Result<()> {
        let mut arms = 0;
        let mut pending = vec![body];
        while let Some(next) = pending.pop() {
            if let SetExpr::SetOperation { left, right, .. } = next {
                arms += 1;
                pending.push(left);
                pending.push(right);
            }
        }
        self.chain(arms, at)
    }

    pub fn joins(&mut self, joins: usize, at: Location) -> Result<()> {
        self.size.joins += joins;
        let maximum = self.limits.max_joins;
        if self.size.joins > maximum {
            return Err(passed("max_joins", self.size.joins, maximum, at));
        }
        Ok(())
    }
}

/// Expressions that the parser builds in a loop, to any length.
fn is_link(expr: &Expr) -> bool {
    match expr {
        Expr::BinaryOp { .. }
        | Expr::AnyOp { .. }
        | Expr::AllOp { .. }
        | Expr::UnaryOp { .. }
        | Expr::IsFalse(_)
        | Expr::IsNotFalse(_)
        | Expr::IsTrue(_)
        | Expr::IsNotTrue(_)
        | Expr::IsNull(_)
        | Expr::IsNotNull(_)
        | Expr::IsUnknown(_)
        | Expr::IsNotUnknown(_)
        | Expr::IsDistinctFrom(_, _)
        | Expr::IsNotDistinctFrom(_, _)
        | Expr::IsNormalized { .. }
        | Expr::InList { .. }
        | Expr::InSubquery { .. }
        | Expr::InUnnest { .. }
        | Expr::Between { .. }
        | Expr::Like { .. }
        | Expr::ILike { .. }
        | Expr::SimilarTo { .. }
        | Expr::RLike { .. }
        | Expr::Cast { .. }
        | Expr::AtTimeZone { .. }
        | Expr::Collate { .. }
        | Expr::CompoundFieldAccess { .. }
        | Expr::JsonAccess { .. }
        | Expr::OuterJoin(_)
        | Expr::MemberOf(_) => true,
        Expr::Identifier(_)
        | Expr::CompoundIdentifier(_)
        | Expr::Convert { .. }
        | Expr::Extract { .. }
        | Expr::Ceil { .. }
        | Expr::Floor { .. }
        | Expr::Position { .. }
        | Expr::Substring { .. }
        | Expr::Trim { .. }
        | Expr::Overlay { .. }
        | Expr::Nested(_)
        | Expr::Value(_)
        | Expr::Prefixed { .. }
        | Expr::TypedString(_)
        | Expr::Function(_)
        | Expr::Case { .. }
        | Expr::Exists { .. }
        | Expr::Subquery(_)
        | Expr::GroupingSets(_)
        | Expr::Cube(_)
        | Expr::Rollup(_)
        | Expr::Tuple(_)
        | Expr::Struct { .. }
        | Expr::Named { .. }
        | Expr::Dictionary(_)
        | Expr::Map(_)
        | Expr::Array(_)
        | Expr::Interval(_)
        | Expr::MatchAgainst { .. }
        | Expr::Wildcard(_)
        | Expr::QualifiedWildcard(_, _)
        | Expr::Prior(_)
        | Expr::Lambda(_) => false,
    }
}
