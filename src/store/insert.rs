//! Writing many rows in one statement, whatever the table: every publish and every outcome does it.
//!
//! The statements are written out here rather than built as trees of expressions, so that a
//! connection finds nearly all of them prepared, and so that nearly all rows go in one statement:
//! each is a way to the database and back. On SQLite a statement has places for one of a few numbers
//! of rows; PostgreSQL takes each column as an array, so that one statement, planned once, is for any
//! number of them.

use sea_orm::{
    ActiveModelTrait, ActiveValue, ConnectionTrait, DbBackend, EntityName, EntityTrait, Iden,
    Iterable, Statement, Value,
};

use super::database::session::Transaction;
use super::error::StoreError;

/// For how many rows a statement of SQLite's has places: the fewest that are enough. The others, a
/// third at most, stay empty.
const PLACES: [usize; 16] = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256];
/// Values of one statement: SQLite binds at most 32,766.
const VALUES_MAX: usize = 32_766;
/// Rows of one statement of PostgreSQL's. Only what is published to many endpoints has more: rows
/// of some 200 bytes.
const ARRAY_ROWS_MAX: usize = 4_096;

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
        let backend = self.backend;
        let rows_max = rows_max(backend, into.columns);
        for begun in (0..rows).step_by(rows_max) {
            let count = rows_max.min(rows - begun) * into.columns;
            if self.last().values.len() + places_for(backend, count, into.columns) > VALUES_MAX {
                self.batches.push(Batch::default());
            }
            let Batch { statements, values: bound } = self.last();
            let rows = bind_rows(backend, bound, values.by_ref().take(count), into.columns);
            let selected = [&["v.*"], into.constants].concat();
            // SQLite has to be told where the rows end, and that `ON` begins no join.
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
pub(super) fn rows_max(backend: DbBackend, columns: usize) -> usize {
    if backend == DbBackend::Postgres {
        return ARRAY_ROWS_MAX;
    }
    let fits = |places: &&usize| **places * columns <= VALUES_MAX;
    *PLACES.iter().rev().find(fits).expect("one row fits")
}

/// Binds the values of rows behind those that are bound, and gives the rows as a statement has them,
/// with columns named `column1` and so on: `VALUES (?,?),(?,?)` on SQLite, where there may be more
/// places than rows: they are NULL, their `column1` too. On PostgreSQL an `UNNEST` of
/// arrays.
pub(super) fn bind_rows(
    backend: DbBackend,
    bound: &mut Vec<Value>,
    values: impl Iterator<Item = Value>,
    columns: usize,
) -> String {
    if backend == DbBackend::Postgres {
        return Arrays::of(values, columns).bind(bound);
    }
    let first = bound.len();
    bound.extend(values);
    for row in bound[first..].chunks(columns) {
        assert_eq!(row.len(), columns, "a row has a value for each column");
        assert_is_row(&row[0]);
    }
    let nulls: Vec<_> = bound[first..first + columns].iter().map(Value::as_null).collect();
    let places = places_for(backend, bound.len() - first, columns);
    bound.extend(nulls.into_iter().cycle().take(first + places - bound.len()));
    let mut sql = String::from("VALUES ");
    write_places(&mut sql, places, columns);
    sql
}

fn assert_is_row(first: &Value) {
    assert_ne!(*first, first.as_null(), "a row without its first value would be left out");
}

/// Rows as arrays, one for each column.
struct Arrays {
    of_columns: Vec<Vec<Value>>,
    /// The columns where an array cannot have the value of some row, which is NULL, each with an
    /// array that says where.
    nulls: Vec<(usize, Vec<Value>)>,
}

impl Arrays {
    fn of(values: impl Iterator<Item = Value>, columns: usize) -> Self {
        let mut of_columns: Vec<Vec<Value>> = vec![Vec::new(); columns];
        let mut count = 0;
        for value in values {
            if count % columns == 0 {
                assert_is_row(&value);
            }
            of_columns[count % columns].push(value);
            count += 1;
        }
        assert_eq!(count % columns, 0, "a row has a value for each column");
        let mut nulls = Vec::new();
        for (column, values) in of_columns.iter_mut().enumerate() {
            let is_null: Vec<bool> = values.iter().map(|value| *value == value.as_null()).collect();
            if is_null.contains(&true) {
                // An array has to have something there.
                for (value, _) in values.iter_mut().zip(&is_null).filter(|(_, is_null)| **is_null) {
                    *value = value.dummy_value();
                }
                nulls.push((column, is_null.into_iter().map(Value::from).collect()));
            }
        }
        Self { of_columns, nulls }
    }

    /// Binds them, and gives the rows that they are.
    fn bind(self, bound: &mut Vec<Value>) -> String {
        let mut columns: Vec<_> =
            (1..=self.of_columns.len()).map(|column| format!("column{column}")).collect();
        let mut names = columns.clone();
        for (column, _) in &self.nulls {
            let name = format!("null{}", column + 1);
            columns[*column] =
                format!("CASE WHEN {name} THEN NULL ELSE {0} END AS {0}", names[*column]);
            names.push(name);
        }
        let first = bound.len() + 1;
        let places: Vec<_> = (first..first + names.len()).map(|at| format!("${at}")).collect();
        let arrays = self.of_columns.into_iter().chain(self.nulls.into_iter().map(|(_, of)| of));
        bound.extend(arrays.map(array));
        let [columns, places, names] = [columns, places, names].map(|list| list.join(", "));
        format!("SELECT {columns} FROM UNNEST({places}) AS u ({names})")
    }
}

fn array(values: Vec<Value>) -> Value {
    let of = values.first().expect("there is a row").array_type();
    Value::Array(of, Some(Box::new(values)))
}

/// How many places a statement has, for rows of so many columns, that is to bind `values`.
fn places_for(backend: DbBackend, values: usize, columns: usize) -> usize {
    if backend == DbBackend::Postgres {
        return columns;
    }
    let is_enough = |places: &&usize| **places * columns >= values;
    PLACES.iter().find(is_enough).expect("no more than `rows_max`") * columns
}

/// Without numbers, which SQLite would have to look up in a list.
fn write_places(sql: &mut String, places: usize, columns: usize) {
    for place in 0..places {
        sql.push_str(match (place, place % columns) {
            (0, _) => "(?",
            (_, 0) => "),(?",
            _ => ",?",
        });
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
            let places = places_for(DbBackend::Sqlite, rows * 2, 2) / 2;
            assert!(rows <= places && places * 2 <= rows * 3, "{rows} rows in {places} places");
        }
        assert_eq!(rows_max(DbBackend::Sqlite, 18), 256);
        assert_eq!(rows_max(DbBackend::Sqlite, 200), 128, "no more values than are bound");
    }

    #[test]
    fn places_that_stay_empty_are_null() {
        let mut bound = vec![Value::Bool(None)];
        let sql = bind_rows(DbBackend::Sqlite, &mut bound, rows(5).into_iter(), 2);
        assert_eq!(sql, "VALUES (?,?),(?,?),(?,?),(?,?),(?,?),(?,?)");
        assert_eq!(bound[1..11], rows(5));
        assert_eq!(bound[11..], [Value::Int(None), Value::String(None)]);
    }

    #[test]
    fn postgresql_takes_each_column_as_an_array() {
        let mut bound = vec![Value::Bool(None)];
        let values = [1.into(), Value::String(None), 2.into(), "text".into()];
        let sql = bind_rows(DbBackend::Postgres, &mut bound, values.into_iter(), 2);
        assert_eq!(
            sql,
            "SELECT column1, CASE WHEN null2 THEN NULL ELSE column2 END AS column2 \
             FROM UNNEST($2, $3, $4) AS u (column1, column2, null2)"
        );
        let arrays: [Vec<Value>; 3] = [
            vec![1.into(), 2.into()],
            vec!["".into(), "text".into()],
            vec![true.into(), false.into()],
        ];
        assert_eq!(bound[1..], arrays.map(array));
    }

    #[test]
    #[should_panic(expected = "a value for each column")]
    fn no_row_is_cut_off() {
        bind_rows(DbBackend::Postgres, &mut Vec::new(), rows(2).into_iter().take(3), 2);
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
