//! Many requests at once, and configurations that change meanwhile.

use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use super::server;
use crate::support::{Client, Question, Script, eventually};

#[test]
fn a_thousand_requests_for_one_token_make_one_call() {
    let server = server();
    let gate = server.gate().spawn();
    server.script(Script::Delay);
    let bytes = gate.get("/verify").bearer("good").bytes();
    let mut clients: Vec<_> = (0..1000)
        .map(|_| {
            let mut client = TcpStream::connect(gate.verify).unwrap();
            client.write_all(&bytes).unwrap();
            client
        })
        .collect();
    server.wait_for(1);
    server.script(Script::ByToken);
    for client in &mut clients {
        assert_eq!(status_line(client), "HTTP/1.1 200 OK");
    }
    assert_eq!(server.asked(), 1);
}

fn status_line(client: &mut TcpStream) -> String {
    use std::io::Read;
    let (mut line, mut byte) = (Vec::new(), [0]);
    while client.read(&mut byte).unwrap() == 1 && byte[0] != b'\r' {
        line.push(byte[0]);
    }
    String::from_utf8(line).unwrap()
}

#[test]
fn a_client_that_hangs_up_takes_no_answer_from_others() {
    let server = server();
    let gate = server.gate().spawn();
    server.script(Script::Delay);
    let mut first = TcpStream::connect(gate.verify).unwrap();
    first
        .write_all(&gate.get("/verify").bearer("good").bytes())
        .unwrap();
    server.wait_for(1);
    std::thread::scope(|scope| {
        let second = scope.spawn(|| gate.verdict("good"));
        drop(first);
        server.script(Script::ByToken);
        assert_eq!(second.join().unwrap(), "200");
    });
    assert_eq!(server.asked(), 1);
}

#[test]
fn a_flood_of_random_tokens_stays_within_the_bound_and_harms_no_cached_token() {
    const CLIENTS: usize = 8;
    const TOKENS: usize = 250;
    const DEPENDENCY_WAIT: Duration = Duration::from_millis(800);
    let server = server();
    let gate = server
        .gate()
        .set("INTROSPECTION_MAX_IN_FLIGHT", "4")
        .by_machine_time()
        .spawn();
    assert_eq!(gate.verdict("good"), "200");
    server.knows("fresh", &json!({}));
    let done = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (gate, done) = (&gate, &done);
            scope.spawn(move || {
                let mut connection = Client::connect(gate.verify);
                for n in 0..TOKENS {
                    let token = format!("random-{client}-{n}");
                    let answer = connection.send(&gate.get("/verify").bearer(&token));
                    let verdict = answer.verdict();
                    let is_known = ["401 token_inactive", "503 dependency_unavailable"];
                    assert!(is_known.contains(&verdict.as_str()), "{verdict}");
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let mut asked = 0;
        while done.load(Ordering::Relaxed) < CLIENTS * TOKENS / 2 {
            assert_eq!(gate.verdict("good"), "200");
            asked += 1;
        }
        assert!(asked > 0);
        // A token that is not cached waits for a slot with the others, and may wait too long.
        let began = Instant::now();
        match gate.verdict("fresh").as_str() {
            "200" => {}
            "503 dependency_unavailable" => assert!(began.elapsed() >= DEPENDENCY_WAIT),
            other => panic!("{other}"),
        }
    });
    assert_eq!(gate.verdict("fresh"), "200", "after the flood");
    assert!(server.most_at_once() <= 4, "{}", server.most_at_once());
}

#[test]
fn a_reload_keeps_the_answers_of_an_issuer_whose_settings_stay() {
    let server = server();
    let file = |more: &str| format!("log: info\n{more}");
    let gate = server.gate().file(file("")).spawn();
    assert_eq!(gate.verdict("good"), "200");
    assert_eq!(gate.verdict("bad"), "401 token_inactive");
    gate.rewrite(&file("claim_headers: [{claim: sub, header: X-User}]\n"));
    assert!(gate.reload());
    let answer = gate.get("/verify").bearer("good").send();
    assert_eq!(
        (answer.verdict().as_str(), answer.get("x-user")),
        ("200", Some("alice"))
    );
    assert_eq!(gate.verdict("bad"), "401 token_inactive");
    assert_eq!(server.asked(), 2, "nothing was asked again");
    // The answers are kept no longer because of the reload.
    gate.clock.advance(Duration::from_mins(1));
    server.forget("good");
    assert_eq!(gate.verdict("good"), "401 token_inactive");
    // Other settings of the issuer: another server, perhaps.
    server.knows("good", &json!({}));
    gate.rewrite(&file("introspection_cache_ttl: 30s\n"));
    assert!(gate.reload());
    assert_eq!(gate.verdict("good"), "200");
}

#[test]
fn a_reload_while_requests_wait_denies_none_of_them() {
    let server = server();
    let gate = server.gate().file("log: info\n").spawn();
    server.script(Script::Delay);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| gate.verdict("good"));
        server.wait_for(1);
        gate.rewrite("log: info\nclaim_headers: [{claim: sub, header: X-User}]\n");
        assert!(gate.reload());
        let late = scope.spawn(|| gate.get("/verify").bearer("good").send());
        server.script(Script::ByToken);
        assert_eq!(waiting.join().unwrap(), "200");
        let late = late.join().unwrap();
        assert_eq!(
            (late.verdict().as_str(), late.get("x-user")),
            ("200", Some("alice"))
        );
    });
    assert_eq!(server.asked(), 1);
}

#[test]
fn calls_in_flight_are_bounded() {
    let server = server();
    let gate = server
        .gate()
        .set("INTROSPECTION_MAX_IN_FLIGHT", "3")
        .spawn();
    let gate = Arc::new(gate);
    server.script(Script::Delay);
    std::thread::scope(|scope| {
        let waiting: Vec<_> = (0..10)
            .map(|n| {
                let gate = gate.clone();
                scope.spawn(move || gate.verdict(&format!("t{n}")))
            })
            .collect();
        server.wait_for(3);
        eventually("requests", || {
            let status = gate.admin("/status").send().json();
            (status["dependencies"][0]["calls_in_flight"] == 3).then_some(())
        });
        server.script(Script::ByToken);
        for waiting in waiting {
            assert_eq!(waiting.join().unwrap(), "401 token_inactive");
        }
    });
    assert_eq!((server.most_at_once(), server.asked()), (3, 10));
}

/// Otherwise each reload would ask a server that is down again.
#[test]
fn the_breaker_stays_open_across_a_reload() {
    let server = server();
    let file = |more: &str| format!("log: info\n{more}");
    let gate = server.gate().file(file("")).spawn();
    server.script(Script::always(500, ""));
    for number in 0..5 {
        assert_eq!(
            gate.verdict(&format!("t{number}")),
            "503 dependency_unavailable"
        );
    }
    gate.rewrite(&file("claim_headers: [{claim: sub, header: X-User}]\n"));
    assert!(gate.reload());
    server.script(Script::ByToken);
    assert_eq!(gate.verdict("good"), "503 dependency_unavailable");
    assert_eq!(server.asked(), 5, "the breaker is open");
    gate.clock.advance(Duration::from_secs(1));
    let answer = gate.get("/verify").bearer("good").send();
    assert_eq!(
        (answer.verdict().as_str(), answer.get("x-user")),
        ("200", Some("alice"))
    );
    // Other settings may mean another server, of which nothing bad is known.
    server.script(Script::always(500, ""));
    for number in 5..10 {
        assert_eq!(
            gate.verdict(&format!("t{number}")),
            "503 dependency_unavailable"
        );
    }
    gate.rewrite(&file("introspection_timeout: 1s\n"));
    assert!(gate.reload());
    server.script(Script::ByToken);
    server.knows("late", &json!({}));
    assert_eq!(gate.verdict("late"), "200");
}

/// One client with random tokens must leave calls to the others.
#[test]
fn one_client_address_gets_half_of_the_calls() {
    let server = server();
    let gate = server
        .gate()
        .set("INTROSPECTION_MAX_IN_FLIGHT", "4")
        .set("PROXY", "traefik")
        .set("FAILURE_LIMIT", "1000/1m")
        .spawn();
    server.script(Script::Delay);
    let ask = |client: &str, token: &str| {
        let request = gate.get("/verify").bearer(token);
        request.header("X-Forwarded-For", client).send().verdict()
    };
    let in_flight = |number: usize| {
        eventually("calls", || {
            let status = gate.admin("/status").send().json();
            (status["dependencies"][0]["calls_in_flight"] == number).then_some(())
        });
    };
    std::thread::scope(|scope| {
        let mallory: Vec<_> = (0..8)
            .map(|number| {
                let ask = &ask;
                scope.spawn(move || ask("203.0.113.66", &format!("random-{number}")))
            })
            .collect();
        server.wait_for(2);
        in_flight(2);
        // The calls of another client are behind those of the first, and begin before them.
        let alice = ["good", "unknown"].map(|token| {
            let ask = &ask;
            scope.spawn(move || ask("203.0.113.9", token))
        });
        server.wait_for(4);
        in_flight(4);
        let questions = server.questions();
        let own = |question: &Question| question.token().starts_with("random");
        assert_eq!(questions.iter().filter(|asked| own(asked)).count(), 2);
        server.script(Script::ByToken);
        let alice = alice.map(|waiting| waiting.join().unwrap());
        assert_eq!(alice, ["200", "401 token_inactive"]);
        for waiting in mallory {
            assert_eq!(waiting.join().unwrap(), "401 token_inactive");
        }
    });
    assert_eq!((server.asked(), server.most_at_once()), (10, 4));
}
