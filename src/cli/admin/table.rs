//! Columns that stand under each other.

/// A line for each row; the last column is not filled up.
pub(super) fn table<const COLUMNS: usize>(
    head: [&str; COLUMNS],
    rows: impl IntoIterator<Item = [String; COLUMNS]>,
) -> String {
    let head = head.map(str::to_owned);
    let rows: Vec<_> = std::iter::once(head).chain(rows).collect();
    let widths: Vec<_> = (0..COLUMNS)
        .map(|column| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        })
        .collect();
    rows.iter().map(|row| line(row, &widths)).collect()
}

fn line(row: &[String], widths: &[usize]) -> String {
    let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
    format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
}

/// A line for each of these that has something in it, behind its name.
pub(super) fn fields<const LINES: usize>(lines: [(&str, String); LINES]) -> String {
    let width = lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let told = lines.iter().filter(|(_, text)| !text.is_empty());
    told.map(|(name, text)| format!("{name:<width$}  {text}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_each_other() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned);

        let text =
            table(["name", "state", "why"], [row(["p", "CLOSED", ""]), row(["trade", "ä", "x y"])]);

        assert_eq!(text, "name   state   why\np      CLOSED\ntrade  ä       x y\n");
    }

    #[test]
    fn what_is_empty_has_no_line() {
        let line = |name, text: &str| (name, text.to_owned());

        let text = fields([line("id", "7"), line("key", ""), line("state", "DONE")]);

        assert_eq!(text, "id     7\nstate  DONE\n");
    }
}
