use gleipnir_core::{ruma::*, testing::*, model::*, ports::Fault, commands::SkipConfirmation};
use std::time::Duration;
#[tokio::test]
async fn scratch() {
    let mut s = Stage::default();
    let bad = owned_room_id!("!bad:hs.test");
    s.room(&bad, "Spam", "#bad:hs.test", 3);
    macro_rules! say { ($($x:expr),*) => {$( let a = s.say($x).await; println!("\n>>> {}\n{a}", $x); )*} }
    say!("!room #bad:hs.test", "!room !nope:hs.test", "!room #nope:hs.test", "!room !bad", "!room bad", "!room", "!room !a:hs.test x", "!block !*:hs.test",
      "!block #bad:hs.test spam wave --dry-run", "!block #bad:hs.test spam wave", "!block #bad:hs.test", "!blocked !bad:hs.test", "!room !nowhere:x.test", "!undo 1","!undo 1", "!undo 2", "!unblock !bad:hs.test",
      "!shutdown !bad:hs.test --dry-run", "!shutdown !bad:hs.test --prge", "!shutdown !bad:hs.test !b:hs.test", "!shutdown !bad:hs.test spam --yes", "!jobs", "!job 4", "!undo 4", "!cancel 4", "!job 4","!confirm 4", "!confirm 99", "!confirm x", "!shutdown !bad:hs.test --no-purge --force-purge",
      "!shutdown !bad:hs.test spam", "!confirm 5", "!confirm 5", "!undo 5", "!audit", "!audit #bad:hs.test", "!audit nothing", "!audit --limit 0", "!audit --limit=x", "!audit --file json", "!audit --file=xml", "!status", "!version", "!help", "!help block", "!help context", "!help blok", "!blok", "!xyzzy", "!gleipnir", "@bot:hs.test: status x", "!block \"a b", "!block !a:hs.test !b:hs.test !c:hs.test !d:hs.test !e:hs.test !f:hs.test", "!block !management:hs.test", "!shutdown !management:hs.test", "!shutdown !unknown:hs.test", "!unblock !a:hs.test", "!block !a:hs.test #b", "!undo last", "!undo foo", "!context $x", "!context !bad:hs.test", "!blocked !bad:hs.test");
    let w = s.wait(Duration::from_secs(601)).await; println!(">>> wait\n{w}");
    let w = s.say("!confirm 6").await; println!(">>> late\n{w}");
    for fault in [Fault::NotAdmin, Fault::NotRouted{status:404}, Fault::TokenGone, Fault::RateLimited{retry_after:None}, Fault::Timeout, Fault::Away("connection refused".into()), Fault::Broken{status:500,message:"Internal server error".into()}, Fault::BadAnswer("EOF".into()), Fault::Refused{status:400,errcode:"M_UNKNOWN".into(),message:"no".into()}] {
        s.homeserver.fail_once("block_status", fault.clone());
        println!(">>> {fault:?}\n{}", s.say("!blocked !x:hs.test").await);
    }
    println!("{:?}", s.homeserver.writes());
    let _ = (SkipConfirmation::Allowed, Standing::Creator);
}
