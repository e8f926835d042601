//! JSON: an object a row, line by line or in an array.

use serde_json::{Map, Value};

use super::{Sheet, TableFault};

type Row = Map<String, Value>;

/// Numbers beyond it are not read to the last digit.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Adds the objects of a text.
pub(super) fn read(text: &str, sheet: &mut Sheet) -> Result<(), TableFault> {
    if text.trim_start().starts_with('[') {
        let rows: Vec<Row> = serde_json::from_str(text).map_err(|error| refused(&error))?;
        return rows.iter().try_for_each(|row| add(row, sheet));
    }
    let rows = serde_json::Deserializer::from_str(text).into_iter::<Row>();
    let mut any = false;
    for row in rows {
        add(&row.map_err(|error| refused(&error))?, sheet)?;
        any = true;
    }
    if any {
        Ok(())
    } else {
        Err("it is empty; each line has to be an object such as {\"path\": \"a.png\", \"label\": \"cat\"}".to_owned())
    }
}

fn refused(error: &serde_json::Error) -> TableFault {
    let text = error.to_string();
    let what = text.split(" at line ").next().unwrap_or_default().replace("expected a map", "expected an object");
    let (line, column) = (error.line(), error.column());
    format!(
        "line {line}, character {column}: {what}; each row is an object such as {{\"path\": \"a.png\", \"label\": \"cat\"}}"
    )
}

fn add(row: &Row, sheet: &mut Sheet) -> Result<(), TableFault> {
    for (name, value) in row {
        let name = name.trim();
        let place = sheet.column(if name.is_empty() { "column" } else { name })?;
        match value {
            Value::Null => {}
            Value::Bool(flag) => sheet.put(place, if *flag { "true" } else { "false" }),
            Value::Number(number) => {
                let inexact = number.is_f64() && number.as_f64().is_some_and(|n| n.fract() == 0.0 && n.abs() >= EXACT);
                if inexact && sheet.columns[place].names() {
                    let row = sheet.rows;
                    return Err(format!(
                        "row {row}: the number in `{name}` is too long to be read to its last digit; write it in quotation marks"
                    ));
                }
                sheet.put(place, &number.to_string());
            }
            Value::String(text) => {
                sheet.columns[place].is_text();
                sheet.put(place, text);
            }
            nested => {
                sheet.columns[place].is_text();
                sheet.put(place, &nested.to_string());
            }
        }
    }
    sheet.end_row();
    Ok(())
}
