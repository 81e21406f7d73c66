//! Writing many rows in one statement, whatever the table: every publish and every outcome does it.
//!
//! The statements are written out here rather than built as trees of expressions, and have places
//! for one of a few numbers of rows each, so that a connection finds nearly all of them prepared, and
//! so that nearly all rows go in one statement: each is a way to the database and back.

use std::fmt::Write as _;
use std::ops::Range;

use sea_orm::{
    ActiveModelTrait, ActiveValue, ConnectionTrait, DbBackend, EntityName, EntityTrait, Iden,
    Iterable, Statement, Value,
};

use super::database::session::Transaction;
use super::error::StoreError;

/// For how many rows a statement has places: the fewest that are enough. The others, a third at
/// most, stay empty.
const PLACES: [usize; 16] = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256];
/// Values of one statement: SQLite binds at most 32,766, PostgreSQL twice as many.
const VALUES_MAX: usize = 32_766;

/// How rows of one kind are inserted. The first of their columns is never NULL.
pub(super) struct Insertion<const N: usize> {
    /// The table.
    pub table: &'static str,
    /// The columns that each row has a value of its own for.
    pub columns: [&'static str; N],
    /// The columns that are alike in all rows, each with its SQL.
    pub constants: &'static [(&'static str, &'static str)],
    /// What becomes of a row whose key is there already, in SQL; empty: it fails.
    pub on_conflict: &'static str,
}

impl<const N: usize> Insertion<N> {
    /// Inserts rows.
    pub async fn insert(
        &self,
        transaction: &Transaction,
        rows: Vec<[Value; N]>,
    ) -> Result<(), StoreError> {
        let mut inserts = Inserts::new(transaction.get_database_backend());
        inserts.add(self, rows);
        inserts.execute(transaction).await
    }
}

/// Inserts into several tables, which go to the database together.
pub(super) struct Inserts {
    backend: DbBackend,
    batches: Vec<Batch>,
}

/// Inserts with one way to the database: on SQLite several statements, on PostgreSQL one.
#[derive(Default)]
struct Batch {
    statements: Vec<String>,
    values: Vec<Value>,
}

impl Inserts {
    /// None yet.
    pub fn new(backend: DbBackend) -> Self {
        Self { backend, batches: vec![Batch::default()] }
    }

    /// Adds rows, behind those that were added before.
    pub fn add<const N: usize>(&mut self, insertion: &Insertion<N>, rows: Vec<[Value; N]>) {
        let constants = insertion.constants.iter().map(|(column, _)| *column);
        let names: Vec<_> = insertion.columns.into_iter().chain(constants).collect();
        let constants: Vec<_> = insertion.constants.iter().map(|(_, sql)| *sql).collect();
        let into = IntoTable {
            table: insertion.table,
            names: &names,
            columns: N,
            constants: &constants,
            on_conflict: insertion.on_conflict,
        };
        self.add_values(&into, rows.len(), rows.into_iter().flatten());
    }

    fn add_values(
        &mut self,
        into: &IntoTable<'_>,
        rows: usize,
        mut values: impl Iterator<Item = Value>,
    ) {
        let rows_max = rows_max(into.columns);
        for begun in (0..rows).step_by(rows_max) {
            let count = rows_max.min(rows - begun) * into.columns;
            if self.last().values.len() + places_for(count, into.columns) > VALUES_MAX {
                self.batches.push(Batch::default());
            }
            let backend = self.backend;
            let Batch { statements, values: bound } = self.last();
            let rows = bind_rows(backend, bound, values.by_ref().take(count), into.columns);
            let selected = [&["v.*"], into.constants].concat();
            statements.push(format!(
                "INSERT INTO \"{}\" (\"{}\") SELECT {} FROM ({rows}) AS v \
                 WHERE v.column1 IS NOT NULL {}",
                into.table,
                into.names.join("\", \""),
                selected.join(", "),
                into.on_conflict,
            ));
        }
    }

    fn last(&mut self) -> &mut Batch {
        self.batches.last_mut().expect("there is always one")
    }

    /// Inserts all.
    pub async fn execute(self, transaction: &Transaction) -> Result<(), StoreError> {
        for Batch { mut statements, values } in self.batches {
            let Some(last) = statements.pop() else { continue };
            let sql = match self.backend {
                _ if statements.is_empty() => last,
                DbBackend::Postgres => {
                    let before = statements.into_iter().enumerate();
                    let before: Vec<_> =
                        before.map(|(number, sql)| format!("i{number} AS ({sql})")).collect();
                    format!("WITH {} {last}", before.join(", "))
                }
                _ => format!("{};{last}", statements.join(";")),
            };
            let statement = Statement::from_sql_and_values(self.backend, sql, values);
            transaction.execute_raw(statement).await?;
        }
        Ok(())
    }
}

/// Inserts rows that all have the same columns set, of which the first is never NULL.
pub(super) async fn insert_all<A>(transaction: &Transaction, rows: Vec<A>) -> Result<(), StoreError>
where
    A: ActiveModelTrait + Send,
{
    let Some(first) = rows.first() else { return Ok(()) };
    let columns: Vec<<A::Entity as EntityTrait>::Column> =
        <A::Entity as EntityTrait>::Column::iter()
            .filter(|column| !first.get(*column).is_not_set())
            .collect();
    let table = A::Entity::default();
    let names: Vec<_> = columns.iter().map(Iden::unquoted).collect();
    let count = rows.len();
    let into = IntoTable {
        table: table.table_name(),
        names: &names,
        columns: names.len(),
        constants: &[],
        on_conflict: "",
    };
    let values = rows.into_iter().flat_map(|mut row| {
        columns.iter().map(move |column| set(row.take(*column))).collect::<Vec<_>>()
    });
    let mut inserts = Inserts::new(transaction.get_database_backend());
    inserts.add_values(&into, count, values);
    inserts.execute(transaction).await
}

fn set(value: ActiveValue<Value>) -> Value {
    match value {
        ActiveValue::Set(value) | ActiveValue::Unchanged(value) => value,
        ActiveValue::NotSet => unreachable!("all rows of an insert have the same columns"),
    }
}

/// Where rows go.
struct IntoTable<'a> {
    table: &'a str,
    names: &'a [&'a str],
    /// Values of a row; their columns are the first of the names.
    columns: usize,
    /// What the other columns have, in SQL.
    constants: &'a [&'a str],
    /// What becomes of a row whose key is there already.
    on_conflict: &'a str,
}

/// Rows of so many columns that one statement takes.
pub(super) fn rows_max(columns: usize) -> usize {
    let fits = |places: &&usize| **places * columns <= VALUES_MAX;
    *PLACES.iter().rev().find(fits).expect("one row fits")
}

/// Binds the values of rows behind those that are bound, and gives the rows as a statement has them:
/// `VALUES (?,?),(?,?)`. There may be more places than rows: they are NULL, their `column1` too.
pub(super) fn bind_rows(
    backend: DbBackend,
    bound: &mut Vec<Value>,
    values: impl Iterator<Item = Value>,
    columns: usize,
) -> String {
    let first = bound.len();
    bound.extend(values);
    for row in bound[first..].chunks(columns) {
        assert_eq!(row.len(), columns, "a row has a value for each column");
        assert_ne!(row[0], row[0].as_null(), "a row without its first value would be left out");
    }
    // PostgreSQL has to be told of which type a NULL is.
    let nulls: Vec<_> = bound[first..first + columns].iter().map(Value::as_null).collect();
    let places = places_for(bound.len() - first, columns);
    bound.extend(nulls.into_iter().cycle().take(first + places - bound.len()));
    let mut sql = String::from("VALUES ");
    write_places(&mut sql, backend, first..first + places, columns);
    sql
}

/// For how many values, of so many columns, a statement has places that is to bind `values`.
fn places_for(values: usize, columns: usize) -> usize {
    let is_enough = |places: &&usize| **places * columns >= values;
    PLACES.iter().find(is_enough).expect("no more than `rows_max`") * columns
}

/// PostgreSQL's places have numbers; SQLite would have to look them up, in a list.
fn write_places(sql: &mut String, backend: DbBackend, places: Range<usize>, columns: usize) {
    let first = places.start;
    for place in places {
        sql.push_str(match (place - first, (place - first) % columns) {
            (0, _) => "(",
            (_, 0) => "),(",
            _ => ",",
        });
        match backend {
            DbBackend::Postgres => {
                let _ = write!(sql, "${}", place + 1);
            }
            _ => sql.push('?'),
        }
    }
    sql.push(')');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(count: i32) -> Vec<Value> {
        (0..count).flat_map(|row| [row.into(), "text".into()]).collect()
    }

    #[test]
    fn a_statement_has_a_few_more_places_than_rows() {
        for rows in 1..=256 {
            let places = places_for(rows * 2, 2) / 2;
            assert!(rows <= places && places * 2 <= rows * 3, "{rows} rows in {places} places");
        }
        assert_eq!(rows_max(18), 256);
        assert_eq!(rows_max(200), 128, "no more values than are bound");
    }

    #[test]
    fn places_that_stay_empty_are_null() {
        let mut bound = vec![Value::Bool(None)];
        let sql = bind_rows(DbBackend::Postgres, &mut bound, rows(5).into_iter(), 2);
        assert_eq!(sql, "VALUES ($2,$3),($4,$5),($6,$7),($8,$9),($10,$11),($12,$13)");
        assert_eq!(bound[1..11], rows(5));
        assert_eq!(bound[11..], [Value::Int(None), Value::String(None)]);
        let sql = bind_rows(DbBackend::Sqlite, &mut bound, rows(1).into_iter(), 2);
        assert_eq!(sql, "VALUES (?,?)");
    }

    #[test]
    #[should_panic(expected = "would be left out")]
    fn no_row_is_left_out() {
        bind_rows(DbBackend::Sqlite, &mut Vec::new(), [Value::Int(None)].into_iter(), 1);
    }

    #[test]
    fn no_more_values_go_together_than_are_bound() {
        let mut inserts = Inserts::new(DbBackend::Sqlite);
        let insertion = Insertion {
            table: "t",
            columns: ["a", "b"],
            constants: &[("c", "1")],
            on_conflict: "",
        };
        inserts.add(&insertion, vec![[1.into(), 2.into()]; 20_000]);
        let counts: Vec<_> = inserts.batches.iter().map(|batch| batch.values.len()).collect();
        assert!(counts.iter().all(|count| *count <= VALUES_MAX), "{counts:?}");
        assert_eq!(counts.len(), 2, "{counts:?}");
    }
}
