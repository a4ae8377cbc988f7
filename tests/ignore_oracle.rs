//! Ignore files and paths, judged as `moby/patternmatcher` judges them.
//!
//! `oracle/ignore.jsonl` holds random files with the answers of its release 0.5.0, asked through
//! `MatchesUsingParentResults` from the top folder down: one digit a path, or null where it refuses the file.

use careen::context::ignore::Ignore;
use careen::context::pattern::PatternError;

#[derive(serde::Deserialize)]
struct Case {
    file: String,
    paths: Vec<String>,
    ignored: Option<String>,
}

#[test]
fn paths_are_judged_as_patternmatcher_judges_them() {
    let cases = include_str!("oracle/ignore.jsonl").lines();
    let cases: Vec<Case> = cases
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let (mut judged, mut refused) = (0, 0);
    for case in cases {
        match Ignore::parse(case.file.as_bytes()) {
            Ok(ignore) => {
                let judge = |path: &String| usize::from(ignore.judge_from_top(path).ignored);
                let ours: String = case
                    .paths
                    .iter()
                    .map(|path| judge(path).to_string())
                    .collect();
                assert_eq!(
                    Some(ours),
                    case.ignored,
                    "{:?} on {:?}",
                    case.file,
                    case.paths
                );
                judged += 1;
            }
            // Go stops reading a pattern at the first character that does not fit and may miss what is wrong with the rest.
            Err(bad) => {
                let corner = bad.problem == PatternError::Unclear || bad.text.contains(['[', '\\']);
                assert!(case.ignored.is_none() || corner, "{:?}: {bad}", case.file);
                refused += 1;
            }
        }
    }
    assert!(
        judged >= 500 && refused >= 20,
        "{judged} judged, {refused} refused"
    );
}
