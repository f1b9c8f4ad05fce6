//! What is said of a step that ended and was about files or the server itself.

use crate::{
    plan::{Effect, Step},
    reply::Line,
    text::number::counted,
};

pub(super) fn done(line: Line, step: &Step, effect: &Effect) -> Line {
    match (step, effect) {
        (Step::ProtectMedia { media }, Effect::Protected { before }) => {
            let line = line.code(media.to_string());
            line.text(if *before {
                " was protected from quarantine before already."
            } else {
                " is protected from quarantine."
            })
        }
        (Step::UnprotectMedia { media }, Effect::Unprotected { before }) => {
            let line = line.code(media.to_string());
            line.text(if *before {
                " is no longer protected from quarantine."
            } else {
                " was not protected from quarantine."
            })
        }
        (Step::DeleteMedia { media, .. }, Effect::MediaDeleted { files }) => {
            let line = line.code(media.to_string());
            line.text(if *files == 0 { " was gone before already." } else { " is deleted from this server." })
        }
        (Step::DeleteMediaOf { user }, Effect::MediaDeleted { files }) => {
            let line = line.text(format!("{} of ", counted(*files, "file"))).code(user.as_str());
            line.text(if *files == 1 {
                " is deleted from this server."
            } else {
                " are deleted from this server."
            })
        }
        (Step::QuarantineAll { files: of, .. }, Effect::AllQuarantined { files, spared }) => {
            let line = match files.len() as u64 {
                0 => line.text("Nothing of ").append(of.line()).text(" was to be quarantined."),
                n => {
                    let line = line.text(format!("{} in quarantine: ", counted(n, "file")));
                    line.append(of.line())
                        .text(". Nobody can download them from this server, nor equal files.")
                }
            };
            match spared {
                0 => line,
                n => line.text(format!(" Left alone, because protected or not here: {n}.")),
            }
        }
        (Step::ReleaseAll { files: of, .. }, Effect::AllReleased { files }) => match files.len() as u64 {
            0 => line.text("Nothing of ").append(of.line()).text(" was in quarantine."),
            n => line
                .text(format!("{} no longer in quarantine: ", counted(n, "file")))
                .append(of.line())
                .text("."),
        },
        (Step::NewToken { new }, Effect::TokenMade { token }) => {
            // Whoever chose it knows it; one by chance is told once, here.
            let shown = if new.token.is_some() { token.masked() } else { token.0.clone() };
            let line = line.text("The registration token ").code(shown);
            line.text(format!(" is made: {}.", new.limits.in_words()))
        }
        (Step::EditToken { token, limits }, Effect::TokenEdited { before }) => {
            let line = line.text("The registration token ").code(token.masked());
            let words = if before == limits { "was good before already" } else { "is good now" };
            line.text(format!(" {words} {}.", limits.in_words()))
        }
        (Step::DeleteToken { token }, Effect::TokenDeleted { .. }) => line
            .text("The registration token ")
            .code(token.masked())
            .text(" is deleted: nobody can register with it."),
        (Step::RetryServer { server }, Effect::ServerRetried { reached }) => {
            let line = line.code(server.as_str());
            line.text(match reached {
                Some(true) => " can be reached again.",
                Some(false) => " was tried again, and still cannot be reached.",
                None => " is tried again.",
            })
        }
        _ => line.append(step.describe()).text(": done."),
    }
}
