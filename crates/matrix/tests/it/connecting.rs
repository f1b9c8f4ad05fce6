//! Logging in, coming back, and everything that can be lost in between.

use std::fs;

use gleipnir_matrix::{
    ConnectError, How, Login, Recovery, Settings, SyncError, connect, ruma::owned_user_id,
};
use serde_json::json;

use throwaway_synapse::{PASSWORD, Role};

use crate::support::Server;

#[tokio::test(flavor = "multi_thread")]
async fn connecting() {
    let Some(server) = Server::start().await else { return };
    first_login_and_return(&server).await;
    wrong_password(&server).await;
    logged_out(&server).await;
    token(&server).await;
    admin_tokens(&server).await;
}

async fn first_login_and_return(server: &Server) {
    let bot = server.account("bot").await;
    let (session, how) = bot.connect().await;
    assert_eq!(how, How::FirstLogin);
    assert_eq!(session.user_id(), bot.person.id);
    let state = session.encryption().await;
    assert!(state.cross_signed && state.recovery == Recovery::Enabled, "{state:?}");
    assert_eq!((state.recovery_key_file, state.problem), (Some(bot.file("recovery-key")), None));
    let device = session.device_id();
    drop(session);

    let (session, how) = bot.connect().await;
    assert_eq!((how, session.device_id()), (How::Restored, device.clone()));
    session.sync(None, None).await.unwrap();
    let state = session.encryption().await;
    assert!(state.cross_signed && state.recovery == Recovery::Enabled, "{state:?}");
    drop(session);

    // Each half of the folder is worth nothing without the other.
    fs::remove_file(bot.file("session.json")).unwrap();
    let (session, how) = bot.connect().await;
    assert_eq!(how, How::NewDevice { reason: "session.json was gone".to_owned() });
    assert_ne!(session.device_id(), device);
    assert!(session.encryption().await.cross_signed, "the recovery key in the folder was not used");
    assert!(bot.file("sdk.old-1").exists());
}

async fn wrong_password(server: &Server) {
    let bot = server.account("bot").await;
    let wrong = Settings { login: Login::Password("wrong".to_owned()), ..bot.settings.clone() };
    let error = connect(wrong).await.unwrap_err();
    assert!(
        matches!(&error, ConnectError::Refused { secret: "password", errcode, .. } if errcode == "M_FORBIDDEN"),
        "{error:?}"
    );
    // The failed login left nothing behind that would look like a lost session.
    assert_eq!(bot.connect().await.1, How::FirstLogin);

    let nowhere = Settings { homeserver: "http://127.0.0.1:9".to_owned(), ..bot.settings.clone() };
    let error = connect(nowhere).await.unwrap_err();
    assert!(matches!(error, ConnectError::Unreachable(_)), "{error:?}");
}

async fn logged_out(server: &Server) {
    let bot = server.account("bot").await;
    let (session, _) = bot.connect().await;
    let device = session.device_id();
    session.sync(None, None).await.unwrap();
    let body = json!({
        "auth": {
            "type": "m.login.password", "password": PASSWORD,
            "identifier": { "type": "m.id.user", "user": bot.person.id },
        },
    });
    bot.person.user.delete(&format!("/_matrix/client/v3/devices/{device}"), body).await.unwrap();
    let error = session.sync(None, None).await.unwrap_err();
    assert!(matches!(error, SyncError::TokenGone { soft_logout: false }), "{error:?}");
    drop(session);

    let (session, how) = bot.connect().await;
    assert_eq!(how, How::NewDevice { reason: format!("the homeserver has logged the device {device} out") });
    assert!(session.encryption().await.cross_signed);
    session.sync(None, None).await.unwrap();
}

async fn token(server: &Server) {
    let bot = server.account("bot").await;
    let settings =
        Settings { login: Login::Token(bot.person.user.access_token.clone()), ..bot.settings.clone() };
    let wrong = Settings { login: Login::Token("wrong".to_owned()), ..bot.settings.clone() };
    let other = Settings { user_id: owned_user_id!("@someone:hs.test"), ..settings.clone() };

    let error = connect(wrong).await.unwrap_err();
    assert!(matches!(error, ConnectError::Refused { secret: "access token", .. }), "{error:?}");
    let error = connect(other).await.unwrap_err();
    assert!(
        matches!(&error, ConnectError::WrongUser { actual, .. } if *actual == bot.person.id),
        "{error:?}"
    );

    for expected in [How::FirstLogin, How::Restored] {
        let connected = connect(settings.clone()).await.unwrap();
        assert_eq!(connected.how, expected);
        connected.session.sync(None, None).await.unwrap();
        assert!(connected.session.encryption().await.cross_signed);
    }

    fs::remove_dir_all(bot.file("sdk")).unwrap();
    let error = connect(settings).await.unwrap_err();
    assert!(matches!(error, ConnectError::DeviceWithoutStore { .. }), "{error:?}");
}

/// Tokens of the admin API have no device, and may end by themselves; then the device and its keys stay.
async fn admin_tokens(server: &Server) {
    let admin = server.synapse.register("admin", Role::Admin).await.unwrap();
    let bot = server.account("bot").await;
    let path = format!("/_synapse/admin/v1/users/{}/login", bot.person.id);
    let endless = admin.post(&path, json!({})).await.unwrap()["access_token"].as_str().unwrap().to_owned();
    let settings = Settings { login: Login::Token(endless), ..bot.settings.clone() };
    let error = connect(settings).await.unwrap_err();
    assert!(matches!(error, ConnectError::TokenWithoutDevice), "{error:?}");

    let (session, _) = bot.connect().await;
    let device = session.device_id();
    session.sync(None, None).await.unwrap();
    drop(session);
    let ended = admin.post(&path, json!({ "valid_until_ms": 1 })).await.unwrap();
    let file = json!({
        "user_id": bot.person.id, "device_id": device, "access_token": ended["access_token"],
    });
    fs::write(bot.file("session.json"), file.to_string()).unwrap();
    let (session, how) = bot.connect().await;
    assert_eq!((how, session.device_id()), (How::Restored, device));
    session.sync(None, None).await.unwrap();
    assert!(session.encryption().await.cross_signed);
}
