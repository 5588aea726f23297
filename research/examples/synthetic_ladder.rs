//! Writes a synthetic ladder as CSV: four rungs of four runs, two tasks, one target, one percent of noise.

use std::io::Write as _;

use swemill_research::ladder::{Role, Synthetic};

fn main() -> std::io::Result<()> {
    let synthetic = Synthetic {
        noise: 0.01,
        seed: 1,
        ..Synthetic::example()
    };
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    writeln!(out, "run,model,role,n,tokens,step,task,loss,accuracy")?;
    for row in synthetic.observations() {
        let role = match row.role {
            Role::Fit => "fit",
            Role::Target => "target",
        };
        let (run, rung) = (&row.run, row.rung.unwrap_or_default());
        let (n, tokens, step) = (row.parameters, row.tokens, row.step.unwrap_or_default());
        let (loss, accuracy) = (
            row.loss.unwrap_or_default(),
            row.accuracy.unwrap_or_default(),
        );
        let task = &row.task;
        writeln!(
            out,
            "{run},{rung},{role},{n},{tokens},{step},{task},{loss:.5},{accuracy:.5}"
        )?;
    }
    out.flush()
}
