//! Letters to a real mail server: private or in the open, with a name and password, refused now, refused for good.

use connect::mail::{Attachment, Letter, MailError, Security, Server, check, send};
use std::time::Duration;
use testkit::mail::{MailServer, free_port};

fn at(port: u16, security: Security) -> Server {
    Server {
        host: "localhost".to_owned(),
        port,
        security,
        login: None,
        authority: None,
        patience: Duration::from_secs(5),
    }
}

fn letter(to: &str) -> Letter {
    Letter {
        id: "0198f0a0-1111-7000-8000-000000000001".to_owned(),
        from_name: "Test Sweets".to_owned(),
        from: "shop@example.com".to_owned(),
        reply_to: None,
        to_name: "आशा".to_owned(),
        to: to.to_owned(),
        subject: "चालान K7Q/26-27/000042".to_owned(),
        news: false,
        text: "नमस्ते,\n.\nA line that is a dot ends no letter.\n".to_owned(),
        attachments: vec![Attachment {
            name: "K7Q-26-27-000042.pdf".to_owned(),
            media: "application/pdf".to_owned(),
            bytes: b"%PDF-1.7 \x00\xff\r\n.\r\n%%EOF".to_vec(),
        }],
        at_ms: 1_795_243_800_000,
    }
}

#[test]
fn a_letter_arrives_whole_over_a_private_connection() {
    for (option, security) in [("--starttls", Security::StartTls), ("--tls", Security::Tls)] {
        let server = MailServer::start(&[option, "--login", "shop:secret"]);
        let mut place = at(server.port, security);
        place.login = Some(("shop".to_owned(), "secret".to_owned()));
        let unknown =
            send(&place, &letter("asha@example.com")).expect_err("nobody vouches for this certificate");
        assert!(matches!(unknown, MailError::NotPrivate(_)), "{unknown:?}");
        place.authority = Some(server.certificate());
        check(&place).expect("it greets and knows us");
        let said = send(&place, &letter("asha@example.com")).expect("sent");
        assert!(said.contains("kept as 1"), "{said}");
        let letters = server.letters();
        assert_eq!(letters.len(), 1, "the refused try left nothing");
        assert!(letters[0].contains("Message-ID: <0198f0a0-1111-7000-8000-000000000001@example.com>"));
        assert!(letters[0].contains("application/pdf"), "{}", letters[0]);
        assert!(letters[0].contains("K7Q-26-27-000042.pdf"));
        place.login = Some(("shop".to_owned(), "wrong".to_owned()));
        let refused = send(&place, &letter("asha@example.com")).expect_err("a wrong password");
        assert!(
            matches!(refused, MailError::Login(_)) && refused.may_pass(),
            "{refused:?}"
        );
    }
}

#[test]
fn what_may_pass_and_what_never_will_are_told_apart() {
    let server = MailServer::start(&[]);
    let place = at(server.port, Security::Open);
    let never = send(&place, &letter("nobody@example.com")).expect_err("no such person");
    assert!(
        matches!(never, MailError::Refused(_)) && !never.may_pass(),
        "{never:?}"
    );
    let later = send(&place, &letter("full@example.com")).expect_err("a full mailbox");
    assert!(
        matches!(later, MailError::Later(_)) && later.may_pass(),
        "{later:?}"
    );
    let plain = send(&at(server.port, Security::StartTls), &letter("asha@example.com"))
        .expect_err("it offers no TLS, and nothing goes in the open instead");
    assert!(matches!(plain, MailError::NotPrivate(_)), "{plain:?}");
    assert!(server.letters().is_empty(), "nothing of it was kept");
}

#[test]
fn every_wait_has_an_end() {
    let nobody =
        send(&at(free_port(), Security::Open), &letter("asha@example.com")).expect_err("nobody listens");
    assert!(
        matches!(nobody, MailError::Unreachable(_)) && nobody.may_pass(),
        "{nobody:?}"
    );
    let server = MailServer::start(&["--silent"]);
    let mut place = at(server.port, Security::Open);
    place.patience = Duration::from_millis(300);
    let silent = send(&place, &letter("asha@example.com")).expect_err("it never speaks");
    assert!(
        matches!(silent, MailError::Unreachable(_)) && silent.may_pass(),
        "{silent:?}"
    );
}
