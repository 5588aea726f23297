//! Whole attempts, in every notation.

use swemill_agent::interface::Dialect;
use swemill_agent::{
    Action, Agent, Attempt, Completion, Exit, Policy, Role, Rules, Trajectory, Unobserved,
};

use crate::support::{Repository, answers, bash, replace, scripted, task};

const FIX: &str = "sed -i 's/price + count/price * count/' shop/price.py";
const SUBMIT: &str = "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT && cat patch.txt";

/// A repair in the tools of a dialect.
fn repair(dialect: Dialect) -> Vec<Action> {
    if dialect.is_mini() {
        let look = "git diff -- shop/price.py > patch.txt";
        return vec![
            bash("python3 test_price.py"),
            bash(FIX),
            bash(look),
            bash(SUBMIT),
        ];
    }
    vec![
        bash("python3 test_price.py"),
        replace("price + count", "price * count"),
        bash("python3 test_price.py"),
        Action::Submit,
        Action::Submit,
    ]
}

async fn attempt(dialect: Dialect, answers: Vec<Completion>) -> Trajectory {
    let repository = Repository::new();
    let place = repository.place().await;
    let agent = scripted(dialect, answers);
    agent
        .attempt(&task(), &place, &mut Unobserved)
        .await
        .unwrap()
}

#[tokio::test]
async fn an_attempt_that_is_driven_from_outside_is_the_one_that_the_loop_makes() {
    for dialect in Dialect::ALL {
        let mut given = answers(dialect, &repair(dialect));
        // One that is not understood, too.
        given.insert(1, Completion::default());
        let looped = attempt(dialect, given.clone()).await;
        let place = Repository::new();
        let place = place.place().await;
        let Agent {
            interface,
            limits,
            context,
            ..
        } = scripted(dialect, Vec::new());
        let rules = Rules {
            interface,
            limits,
            context,
        };
        let mut driven = Attempt::begin(rules, task(), place).unwrap();
        for completion in given {
            assert_eq!(driven.exit(), None);
            let asked = driven.query().unwrap().messages.to_vec();
            let step = driven.act(completion, 0.0).await.unwrap();
            let gained = step.messages.clone();
            driven.add(step);
            assert_eq!(driven.query().unwrap().messages, [asked, gained].concat());
        }
        assert_eq!(driven.exit(), Some(Exit::Submitted));
        let driven = driven.hand_in(Exit::Submitted, "replay:script", Policy::Model);
        let driven = driven.await.unwrap();
        assert_eq!(driven.messages(), looped.messages(), "{dialect:?}");
        assert_eq!(
            (driven.exit, &driven.patch, driven.spent.steps),
            (looped.exit, &looped.patch, looped.spent.steps)
        );
    }
}

#[tokio::test]
async fn every_notation_repairs_the_same_fault_with_the_same_patch() {
    for dialect in Dialect::ALL {
        let trajectory = attempt(dialect, answers(dialect, &repair(dialect))).await;
        assert_eq!(
            trajectory.exit,
            Exit::Submitted,
            "{dialect:?}: {trajectory:#?}"
        );
        assert_eq!(
            trajectory.model_patch(),
            "diff --git a/shop/price.py b/shop/price.py\n--- a/shop/price.py\n+++ b/shop/price.py\n@@ -3,7 +3,7 @@\n \n def total(price, count):\n     \"\"\"What so many cost together.\"\"\"\n-    return price + count\n+    return price * count\n \n \n def discount(price, percent):\n",
            "{dialect:?}"
        );
        let failed = &trajectory.steps[0].observations[0];
        assert_eq!(failed.returncode, 1);
        assert!(
            failed.output.contains("AssertionError: 7"),
            "{}",
            failed.output
        );
    }
}

#[tokio::test]
async fn results_of_tool_calls_answer_their_calls_and_text_is_answered_by_the_user() {
    for dialect in Dialect::ALL {
        let trajectory = attempt(dialect, answers(dialect, &repair(dialect))).await;
        let messages = trajectory.messages();
        let (answer, result) = (&messages[2], &messages[3]);
        assert_eq!(answer.role, Role::Assistant);
        if dialect.has_tool_calls() {
            assert_eq!(result.role, Role::Tool);
            assert_eq!(result.tool_call_id.as_ref(), Some(&answer.tool_calls[0].id));
        } else {
            assert_eq!(result.role, Role::User);
            assert!(answer.tool_calls.is_empty());
        }
    }
}

#[tokio::test]
async fn a_malformed_answer_costs_a_step_and_a_message_and_three_in_a_row_the_attempt() {
    for dialect in Dialect::ALL {
        let nonsense = Completion {
            content: "I shall think about it.".to_owned(),
            ..Completion::default()
        };
        let mut script = vec![nonsense.clone(), nonsense.clone()];
        script.extend(answers(dialect, &repair(dialect)));
        let trajectory = attempt(dialect, script).await;
        assert_eq!(trajectory.exit, Exit::Submitted, "{dialect:?}");
        assert_eq!(trajectory.spent.steps, repair(dialect).len() + 2);
        let reproach = trajectory.steps[0].messages.last().unwrap();
        assert_eq!(reproach.role, Role::User);

        let trajectory = attempt(dialect, vec![nonsense; 4]).await;
        assert_eq!(
            (trajectory.exit, trajectory.spent.steps),
            (Exit::Malformed, 3)
        );
        assert_eq!(trajectory.model_patch(), "");
    }
}

#[tokio::test]
async fn a_shell_of_mini_is_fresh_and_one_of_swe_agent_goes_on() {
    let commands = [
        bash("cd shop && export WHERE=here"),
        bash("pwd; echo ${WHERE-nowhere}; exit 3"),
        bash("pwd"),
    ];
    for (dialect, seen) in [
        (Dialect::MiniFenced, "/testbed\nnowhere\n"),
        (Dialect::SweAgentXml, "/testbed/shop\nhere\n"),
    ] {
        let mut agent = scripted(dialect, answers(dialect, &commands));
        agent.limits.steps = 3;
        let repository = Repository::new();
        let place = repository.place().await;
        let trajectory = agent
            .attempt(&task(), &place, &mut Unobserved)
            .await
            .unwrap();
        let observation = &trajectory.steps[1].observations[0];
        assert_eq!(
            (observation.output.as_str(), observation.returncode),
            (seen, 3)
        );
        assert_eq!(trajectory.exit, Exit::Steps);
    }
}

#[tokio::test]
async fn a_command_past_its_limit_is_ended_and_told_so() {
    for dialect in [Dialect::MiniToolCalls, Dialect::SweAgentFunctionCalling] {
        let mut agent = scripted(dialect, answers(dialect, &[bash("echo begun; sleep 60")]));
        agent.limits.command = std::time::Duration::from_secs(1);
        agent.limits.timeouts = 1;
        let repository = Repository::new();
        let place = repository.place().await;
        let trajectory = agent
            .attempt(&task(), &place, &mut Unobserved)
            .await
            .unwrap();
        assert_eq!(trajectory.exit, Exit::CommandTimeouts);
        let told = &trajectory.messages()[3].content;
        let expected = if dialect.is_mini() {
            "<exception>An error occurred while executing the command: Command 'echo begun; sleep 60' timed out after 1 seconds</exception>\n<returncode>-1</returncode>\n<output>\nbegun\n</output>"
        } else {
            {
                "The command 'echo begun; sleep 60' was cancelled because it took more than 1 seconds."
            }
        };
        assert!(told.starts_with(expected), "{told}");
    }
}

#[tokio::test]
async fn an_agent_that_goes_in_circles_is_told_and_then_ended() {
    let dialect = Dialect::SweAgentXml;
    let circle: Vec<Action> = (0..20)
        .map(|step| bash(["ls shop", "echo hello"][step % 2]))
        .collect();
    let trajectory = attempt(dialect, answers(dialect, &circle)).await;
    assert_eq!(
        (trajectory.exit, trajectory.spent.steps),
        (Exit::Repeated, 12)
    );
    let noted: Vec<usize> = trajectory
        .steps
        .iter()
        .filter(|step| {
            step.messages
                .last()
                .unwrap()
                .content
                .contains("<NOTE>You have now run")
        })
        .map(|step| step.index)
        .collect();
    assert_eq!(noted.first(), Some(&5));
}

#[tokio::test]
async fn a_command_that_is_no_bash_is_not_begun_however_long_it_is() {
    let dialect = Dialect::SweAgentFunctionCalling;
    let padding = format!(": {}\n", "x".repeat(130 << 10));
    let script = [
        bash("touch begun\necho (\n"),
        bash(&format!("{padding}touch begun\necho (\n")),
        bash("ls begun; echo warned >&2; exit 242"),
        Action::Submit,
        Action::Submit,
    ];
    let trajectory = attempt(dialect, answers(dialect, &script)).await;
    for step in &trajectory.steps[..2] {
        let malformed = step.malformed.as_ref().unwrap();
        assert!(malformed.detail.contains("syntax error"), "{malformed:?}");
    }
    let run = &trajectory.steps[2].observations[0];
    assert_eq!(run.returncode, 242);
    assert!(
        run.output.contains("cannot access 'begun'") && run.output.contains("warned"),
        "{run:?}"
    );
}
