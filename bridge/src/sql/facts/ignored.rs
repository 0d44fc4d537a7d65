//! Clauses that parse and that the engine would not apply. Every struct is taken apart whole:
//! a parser with a new clause does not compile here until someone has looked at it.

use datafusion::sql::sqlparser::ast::{
    Cte, Join, LimitClause, OrderBy, OrderByExpr, OrderByKind, Query, Select, SelectFlavor,
    TableAlias, TableFactor, TableFunctionArgs,
};

use super::visitor::Collector;

fn report(facts: &mut Collector, given: bool, clause: &str) {
    if given {
        facts.ignored(clause);
    }
}

/// `union` is the UNION of a recursive CTE, of which the planner takes the two arms alone.
pub fn in_query(query: &Query, union: bool, facts: &mut Collector) {
    let Query {
        with,
        body: _,
        order_by,
        limit_clause,
        fetch,
        locks,
        for_clause,
        settings,
        format_clause,
        pipe_operators,
    } = query;
    report(facts, !locks.is_empty(), "FOR UPDATE");
    report(
        facts,
        for_clause.is_some(),
        "FOR XML, FOR JSON or FOR BROWSE",
    );
    report(facts, settings.is_some(), "SETTINGS");
    report(facts, format_clause.is_some(), "FORMAT");
    report(facts, fetch.is_some(), "FETCH");
    if let Some(LimitClause::LimitOffset { limit_by, .. }) = limit_clause {
        report(facts, !limit_by.is_empty(), "LIMIT BY");
    }
    if let Some(order_by) = order_by {
        in_order_by(order_by, facts);
    }
    for cte in with.iter().flat_map(|with| &with.cte_tables) {
        in_cte(cte, facts);
    }
    if union {
        report(facts, with.is_some(), "WITH inside a recursive WITH");
        report(
            facts,
            order_by.is_some(),
            "ORDER BY inside a recursive WITH",
        );
        report(
            facts,
            limit_clause.is_some(),
            "LIMIT inside a recursive WITH",
        );
        let piped = !pipe_operators.is_empty();
        report(facts, piped, "pipe operators inside a recursive WITH");
    }
}

fn in_cte(cte: &Cte, facts: &mut Collector) {
    let Cte {
        alias,
        query: _,
        from,
        materialized,
        closing_paren_token: _,
    } = cte;
    in_alias(Some(alias), facts);
    report(facts, from.is_some(), "WITH ... FROM");
    report(facts, materialized.is_some(), "MATERIALIZED");
}

fn in_order_by(order_by: &OrderBy, facts: &mut Collector) {
    let OrderBy { kind, interpolate } = order_by;
    report(facts, interpolate.is_some(), "INTERPOLATE");
    match kind {
        OrderByKind::All(_) => {}
        OrderByKind::Expressions(expressions) => in_sort(expressions, facts),
    }
}

fn in_sort(expressions: &[OrderByExpr], facts: &mut Collector) {
    for expression in expressions {
        let OrderByExpr {
            expr: _,
            options: _,
            with_fill,
        } = expression;
        report(facts, with_fill.is_some(), "WITH FILL");
    }
}

pub fn in_select(select: &Select, facts: &mut Collector) {
    let Select {
        select_token: _,
        optimizer_hints,
        distinct: _,
        select_modifiers,
        top,
        top_before_distinct: _,
        projection: _,
        exclude,
        // Reported as a nested statement.
        into: _,
        from: _,
        lateral_views,
        prewhere,
        selection: _,
        connect_by,
        group_by: _,
        cluster_by,
        distribute_by,
        sort_by,
        having: _,
        named_window: _,
        qualify: _,
        window_before_qualify: _,
        value_table_mode,
        flavor,
    } = select;
    report(facts, !optimizer_hints.is_empty(), "optimizer hint");
    report(facts, select_modifiers.is_some(), "SELECT modifier");
    report(facts, top.is_some(), "TOP");
    report(facts, exclude.is_some(), "EXCLUDE");
    report(facts, !lateral_views.is_empty(), "LATERAL VIEW");
    report(facts, prewhere.is_some(), "PREWHERE");
    report(facts, !connect_by.is_empty(), "CONNECT BY");
    report(facts, !cluster_by.is_empty(), "CLUSTER BY");
    report(facts, !distribute_by.is_empty(), "DISTRIBUTE BY");
    report(facts, !sort_by.is_empty(), "SORT BY");
    report(
        facts,
        value_table_mode.is_some(),
        "SELECT AS STRUCT or VALUE",
    );
    match flavor {
        SelectFlavor::Standard | SelectFlavor::FromFirst => {}
        SelectFlavor::FromFirstNoSelect => facts.ignored("FROM without SELECT"),
    }
}

pub fn in_joins(joins: &[Join], facts: &mut Collector) {
    for join in joins {
        let Join {
            relation: _,
            global,
            join_operator: _,
        } = join;
        report(facts, *global, "GLOBAL JOIN");
    }
}

fn in_alias(alias: Option<&TableAlias>, facts: &mut Collector) {
    let Some(alias) = alias else {
        return;
    };
    let TableAlias {
        explicit: _,
        name: _,
        columns,
        at,
    } = alias;
    report(facts, at.is_some(), "alias AT");
    let typed = columns.iter().any(|column| column.data_type.is_some());
    report(facts, typed, "types of alias columns");
}

pub fn in_table_factor(table: &TableFactor, facts: &mut Collector) {
    match table {
        TableFactor::Table {
            name: _,
            alias,
            args,
            with_hints,
            version,
            with_ordinality,
            partitions,
            json_path,
            sample,
            index_hints,
        } => {
            in_alias(alias.as_ref(), facts);
            if let Some(TableFunctionArgs { args: _, settings }) = args {
                report(facts, settings.is_some(), "SETTINGS");
            }
            report(facts, !with_hints.is_empty(), "WITH (hint)");
            // Of a table by its name the visitor looks at it.
            let of_call = version.is_some() && args.is_some();
            report(facts, of_call, "table version");
            report(facts, *with_ordinality, "WITH ORDINALITY");
            report(facts, !partitions.is_empty(), "PARTITION");
            report(facts, json_path.is_some(), "JSON path");
            report(facts, sample.is_some(), "TABLESAMPLE");
            report(facts, !index_hints.is_empty(), "index hint");
        }
        TableFactor::Derived {
            lateral: _,
            subquery: _,
            alias,
            sample,
        } => {
            in_alias(alias.as_ref(), facts);
            report(facts, sample.is_some(), "TABLESAMPLE");
        }
        TableFactor::TableFunction { expr: _, alias } => in_alias(alias.as_ref(), facts),
        TableFactor::Function {
            lateral: _,
            name: _,
            args: _,
            with_ordinality,
            alias,
        } => {
            in_alias(alias.as_ref(), facts);
            report(facts, *with_ordinality, "WITH ORDINALITY");
        }
        TableFactor::UNNEST {
            alias,
            array_exprs: _,
            with_offset,
            with_offset_alias,
            with_ordinality,
        } => {
            in_alias(alias.as_ref(), facts);
            let offset = *with_offset || with_offset_alias.is_some();
            report(facts, offset, "WITH OFFSET");
            report(facts, *with_ordinality, "WITH ORDINALITY");
        }
        TableFactor::NestedJoin {
            table_with_joins: _,
            alias,
        } => in_alias(alias.as_ref(), facts),
        // The planner knows none of these and says so; a name is better than its words.
        TableFactor::JsonTable { .. } => facts.ignored("JSON_TABLE"),
        TableFactor::OpenJsonTable { .. } => facts.ignored("OPENJSON"),
        TableFactor::Pivot { .. } => facts.ignored("PIVOT"),
        TableFactor::Unpivot { .. } => facts.ignored("UNPIVOT"),
        TableFactor::MatchRecognize { .. } => facts.ignored("MATCH_RECOGNIZE"),
        TableFactor::XmlTable { .. } => facts.ignored("XMLTABLE"),
        TableFactor::SemanticView { .. } => facts.ignored("SEMANTIC_VIEW"),
    }
}
