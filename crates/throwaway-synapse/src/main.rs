//! `cargo run -p throwaway-synapse`: a Synapse to try things on by hand, until Enter or Ctrl-C.

use std::io::{self, Write as _};

use throwaway_synapse::{PASSWORD, Role, Synapse};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let synapse = Synapse::start().await?;
    let admin = synapse.register("admin", Role::Admin).await?;
    let mut stdout = io::stdout();
    writeln!(stdout, "url    {}", synapse.url())?;
    writeln!(stdout, "admin  {}, password {PASSWORD}, access token {}", admin.user_id, admin.access_token)?;
    writeln!(stdout, "data   {}", synapse.data_dir().display())?;
    writeln!(stdout, "Enter ends it.")?;
    stdout.flush()?;
    io::stdin().read_line(&mut String::new())?;
    Ok(())
}
