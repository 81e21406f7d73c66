//! Inserting many rows at once, whatever the table: every publish and every outcome does it.
//!
//! The statements are written out here rather than built as trees of expressions, and have one of a
//! few numbers of rows each, so that a connection finds nearly all of them prepared.

use std::fmt::Write as _;

use sea_orm::{
    ActiveModelTrait, ActiveValue, ConnectionTrait, DbBackend, EntityName, EntityTrait, Iden,
    Iterable, Statement, Value,
};

use super::database::session::Transaction;
use super::error::StoreError;

/// How many rows a statement has: the largest of these that are there. Any number of rows up to the
/// largest goes in four statements at most, and mostly in two.
const ROWS: [usize; 16] = [256, 192, 128, 96, 64, 48, 32, 24, 16, 12, 8, 6, 4, 3, 2, 1];
/// Values of one statement: SQLite binds at most 32,766, PostgreSQL twice as many.
const VALUES_MAX: usize = 32_766;

/// Inserts rows that all have the same columns set.
pub(super) async fn insert_all<A>(transaction: &Transaction, rows: Vec<A>) -> Result<(), StoreError>
where
    A: ActiveModelTrait + Send,
{
    let Some(first) = rows.first() else { return Ok(()) };
    let columns: Vec<<A::Entity as EntityTrait>::Column> =
        <A::Entity as EntityTrait>::Column::iter()
            .filter(|column| !first.get(*column).is_not_set())
            .collect();
    let backend = transaction.get_database_backend();
    let table = A::Entity::default();
    let names: Vec<_> = columns.iter().map(Iden::unquoted).collect();
    let mut rest = rows.len();
    let mut rows = rows.into_iter();
    while rest > 0 {
        let count = rows_of_statement(rest, columns.len());
        rest -= count;
        let values: Vec<Value> = rows
            .by_ref()
            .take(count)
            .flat_map(|mut row| {
                columns.iter().map(move |column| set(row.take(*column))).collect::<Vec<_>>()
            })
            .collect();
        let mut sql = format!(
            "INSERT INTO \"{}\" (\"{}\") VALUES ",
            table.table_name(),
            names.join("\", \"")
        );
        write_rows(&mut sql, backend, count, columns.len());
        transaction.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    }
    Ok(())
}

fn set(value: ActiveValue<Value>) -> Value {
    match value {
        ActiveValue::Set(value) | ActiveValue::Unchanged(value) => value,
        ActiveValue::NotSet => unreachable!("all rows of an insert have the same columns"),
    }
}

/// How many of so many rows the next statement takes, each of so many columns.
pub(super) fn rows_of_statement(rows: usize, columns: usize) -> usize {
    let fits = |count: &&usize| **count <= rows && **count * columns <= VALUES_MAX;
    *ROWS.iter().find(fits).expect("one row fits")
}

/// Writes the places of so many rows, from the first value on: `(?,?),(?,?)`, or with PostgreSQL's
/// numbers. SQLite has to look numbers up, in a list.
pub(super) fn write_rows(sql: &mut String, backend: DbBackend, rows: usize, columns: usize) {
    for place in 0..rows * columns {
        sql.push_str(match (place, place % columns) {
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

    #[test]
    fn any_number_of_rows_goes_in_few_statements() {
        for rows in 1..=256 {
            let (mut rest, mut statements) = (rows, 0);
            while rest > 0 {
                rest -= rows_of_statement(rest, 18);
                statements += 1;
            }
            assert!(statements <= 4, "{rows} rows in {statements} statements");
        }
        assert_eq!(rows_of_statement(10_000, 18), 256);
        assert_eq!(rows_of_statement(10_000, 200), 128, "no more values than are bound");
    }

    #[test]
    fn places_are_written_row_by_row() {
        let written = |backend, rows, columns| {
            let mut sql = String::new();
            write_rows(&mut sql, backend, rows, columns);
            sql
        };
        assert_eq!(written(DbBackend::Sqlite, 2, 3), "(?,?,?),(?,?,?)");
        assert_eq!(written(DbBackend::Postgres, 2, 2), "($1,$2),($3,$4)");
        assert_eq!(written(DbBackend::Postgres, 1, 1), "($1)");
    }
}
