//! Rules that are read again while the bot runs: they count for what is reported from then on.

use gleipnir_core::{
    commands::Settings,
    ports::{Process as _, Reloaded},
    rules::reports::Rules,
};

use super::{reported, rule, stage, words};
use crate::scene::has;

#[tokio::test]
async fn new_rules_do_not_weigh_old_cases() {
    let mut stage = stage(Vec::new()).await;
    assert_eq!(reported(&mut stage, 1, "@ana:hs.test", 1).await, "");
    let list = vec![rule("nitro", words(&["suspend"]))];
    let settings = Settings { rules: Rules { list, ..Rules::default() }, ..stage.settings.clone() };
    stage.process.write(Ok((settings, Reloaded::default())));
    stage.process.reload().expect("it can be used");
    assert_eq!(stage.react_to_reports().await, "", "the old case is left alone");
    assert_eq!(stage.homeserver.writes(), Vec::<String>::new());
    let said = reported(&mut stage, 2, "@ben:hs.test", 2).await;
    has(&said, &["nitro"]);
    assert_eq!(stage.homeserver.writes().len(), 1, "{said}");
}
