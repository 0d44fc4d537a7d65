//! Which names a WITH supplies where. As the planner resolves them: in textual order, inner
//! before outer; and in a recursive WITH the name itself only in the right arm of its UNION,
//! where anything else would reach for a real table of that name.

use std::collections::{HashMap, HashSet};

use datafusion::sql::sqlparser::ast::{Query, Select, SetExpr, SetOperator};

use super::normalise;

/// Nodes of the AST are told apart by their address; nothing moves during a visit.
type Address = *const ();

#[derive(Clone, Copy)]
struct Slot {
    frame: usize,
    index: usize,
}

struct Cte {
    name: String,
    weight: usize,
}

#[derive(Default)]
struct Frame {
    names: Vec<Cte>,
    visible: usize,
}

#[derive(Default)]
pub struct Scopes {
    frames: Vec<Frame>,
    bodies: HashMap<Address, Slot>,
    /// Right arms of recursive CTEs, where the CTE sees itself.
    recursive_arms: HashMap<Address, Slot>,
    every_name: HashSet<String>,
}

fn address<T>(node: &T) -> Address {
    std::ptr::from_ref(node).cast()
}

impl Scopes {
    /// Before the parts of `query` are visited. `own_with` is false where the planner drops
    /// the query's own WITH.
    pub fn enter(&mut self, query: &Query, own_with: bool) {
        if let Some(slot) = self.bodies.get(&address(query)).copied() {
            self.show(slot.frame, slot.index);
        }
        self.enter_arm(address(query));
        let mut frame = Frame::default();
        let depth = self.frames.len();
        if let (Some(with), true) = (&query.with, own_with) {
            for (index, cte) in with.cte_tables.iter().enumerate() {
                let slot = Slot {
                    frame: depth,
                    index,
                };
                let name = normalise(&cte.alias.name);
                self.every_name.insert(name.clone());
                frame.names.push(Cte { name, weight: 0 });
                self.bodies.insert(address(cte.query.as_ref()), slot);
                if with.recursive {
                    self.note_right_arm(&cte.query, slot);
                }
            }
        }
        self.frames.push(frame);
    }

    /// After all parts of `query`. True when it was a CTE, whose weight counts where it is used.
    pub fn leave(&mut self, query: &Query, weight: usize) -> bool {
        self.frames.pop();
        self.leave_arm(address(query));
        let Some(slot) = self.bodies.get(&address(query)).copied() else {
            return false;
        };
        self.show(slot.frame, slot.index + 1);
        let frame = self.frames.get_mut(slot.frame);
        if let Some(cte) = frame.and_then(|frame| frame.names.get_mut(slot.index)) {
            cte.weight = weight;
        }
        true
    }

    pub fn enter_select(&mut self, select: &Select) {
        self.enter_arm(address(select));
    }

    pub fn leave_select(&mut self, select: &Select) {
        self.leave_arm(address(select));
    }

    /// Is this query the UNION of a recursive CTE? The planner takes its two arms and nothing
    /// else of it.
    pub fn is_recursive_union(&self, query: &Query) -> bool {
        let slot = self.bodies.get(&address(query));
        slot.is_some_and(|slot| {
            let arms = self.recursive_arms.values();
            let mut arms = arms.filter(|arm| arm.frame == slot.frame && arm.index == slot.index);
            arms.next().is_some()
        })
    }

    /// The weight of the CTE that supplies `name` here.
    pub fn supplies(&self, name: &str) -> Option<usize> {
        let frames = self.frames.iter().rev();
        let mut visible = frames.flat_map(|frame| frame.names.iter().take(frame.visible).rev());
        visible.find(|cte| cte.name == name).map(|cte| cte.weight)
    }

    /// A CTE somewhere in the statement has this name.
    pub fn knows(&self, name: &str) -> bool {
        self.every_name.contains(name)
    }

    fn show(&mut self, frame: usize, visible: usize) {
        if let Some(frame) = self.frames.get_mut(frame) {
            frame.visible = visible;
        }
    }

    fn enter_arm(&mut self, node: Address) {
        if let Some(slot) = self.recursive_arms.get(&node).copied() {
            self.show(slot.frame, slot.index + 1);
        }
    }

    fn leave_arm(&mut self, node: Address) {
        if let Some(slot) = self.recursive_arms.get(&node).copied() {
            self.show(slot.frame, slot.index);
        }
    }

    fn note_right_arm(&mut self, query: &Query, slot: Slot) {
        let SetExpr::SetOperation {
            op: SetOperator::Union,
            right,
            ..
        } = query.body.as_ref()
        else {
            return;
        };
        let mut pending = vec![right.as_ref()];
        while let Some(next) = pending.pop() {
            match next {
                SetExpr::Select(select) => {
                    self.recursive_arms.insert(address(select.as_ref()), slot);
                }
                SetExpr::Query(query) => {
                    self.recursive_arms.insert(address(query.as_ref()), slot);
                }
                SetExpr::SetOperation { left, right, .. } => {
                    pending.push(left);
                    pending.push(right);
                }
                // Not a query of the planner, or without a table of its own.
                SetExpr::Values(_)
                | SetExpr::Insert(_)
                | SetExpr::Update(_)
                | SetExpr::Delete(_)
                | SetExpr::Merge(_)
                | SetExpr::Table(_) => {}
            }
        }
    }
}
