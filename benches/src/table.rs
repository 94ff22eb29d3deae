//! The table: what was measured, the goal, the figure.

pub struct Row {
    pub work: &'static str,
    pub goal: &'static str,
    pub figure: String,
}

#[allow(clippy::print_stdout, reason = "the table is what this program is for")]
pub fn print(rows: &[Row]) {
    let wide = |of: fn(&Row) -> usize| rows.iter().map(of).max().unwrap_or(0);
    let (work, goal) = (wide(|r| r.work.chars().count()), wide(|r| r.goal.chars().count()));
    println!("| {:work$} | {:goal$} | today", "work", "goal");
    println!("|-{}-|-{}-|------", "-".repeat(work), "-".repeat(goal));
    for row in rows {
        println!("| {:work$} | {:goal$} | {}", row.work, row.goal, row.figure);
    }
}
