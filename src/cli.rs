//! The command line: what was typed, how it is told. What it means is decided in `pipeline`.

mod address;
mod ask;
mod attack;
mod audit;
mod bars;
mod compare;
mod georeference;
mod protect;
mod quick;
mod serve;
mod words;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use crate::confidential::{Dialect, PerturbationParameters, PerturbationTable};
use crate::config::{Plan, PlanError};
use crate::demo::Protection;
use crate::error::{Error, Language};
use crate::simd::Simd;
use crate::{pipeline, say};

pub use quick::RunFlags;

/// Records about people in, maps that are safe to publish out.
#[derive(Parser)]
#[command(name = "kleinraum", version, max_term_width = 110)]
struct Typed {
    /// Language of messages and labels; from LANG if absent
    #[arg(long, global = true, value_enum)]
    lang: Option<Lang>,
    /// How progress and the summary are told
    #[arg(long, global = true, value_enum, default_value_t = Log::Text)]
    log: Log,
    /// Threads to work with; all cores if absent
    #[arg(long, global = true, value_name = "N")]
    threads: Option<usize>,
    /// Vector instructions to work with: plain, avx2 or avx512; the widest the processor has if absent. The results are the same
    #[arg(long, global = true, env = "KLEINRAUM_SIMD", hide = true, value_name = "LEVEL", value_parser = simd_level)]
    simd: Option<Simd>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Lang {
    En,
    De,
}

/// How progress and the summary are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Log {
    /// Bars on a terminal, a summary at the end
    Text,
    /// One JSON object a line, on standard error
    Json,
}

#[derive(Subcommand)]
enum Command {
    /// Seeded synthetic Kreis Pinneberg, the whole way
    Demo {
        /// Folder for the synthetic records and the bundle
        #[arg(short, long, default_value = "demo")]
        output: PathBuf,
        /// Seed of the population
        #[arg(long, default_value_t = 2024)]
        seed: u64,
        /// `round` publishes age by benefit too, so that "Wo wohnen Kinder unter drei mit SGB II?" has an answer
        #[arg(long, value_enum, default_value_t)]
        method: Protection,
        /// Show it on a page afterwards, at this address
        #[arg(long, value_name = "ADDRESS", num_args = 0..=1, default_missing_value = "127.0.0.1:8080")]
        serve: Option<std::net::SocketAddr>,
    },
    /// Recognise encoding, separator, columns and reference system; propose a plan
    Inspect {
        /// A file of any kind that `run` reads, or the URL of a database
        file: PathBuf,
        /// Layer, sheet or table
        #[arg(long, value_name = "NAME")]
        layer: Option<String>,
        /// What a database is asked
        #[arg(long, value_name = "SELECT …", conflicts_with = "layer")]
        query: Option<String>,
        /// Write the proposed plan to this file instead of printing it
        #[arg(short, long)]
        output: Option<PathBuf>,
    },
    /// The whole way: records to a protected bundle
    Run(Box<RunFlags>),
    /// Give records with addresses their cells, and nothing more
    Georeference(Box<georeference::GeoreferenceFlags>),
    /// Methods side by side on these records, before anything is released: what each loses, which one to take
    Compare(Box<compare::CompareFlags>),
    /// Check archives and tiles against their specifications, ids and values across formats
    Verify {
        /// Folder that `run` wrote
        bundle: PathBuf,
    },
    /// Print the perturbation table of the cell-key method as CSV: count i, noise v, probability p
    Ptable {
        /// Largest noise D
        #[arg(long, default_value_t = 5)]
        d: u32,
        /// Largest variance V
        #[arg(long, default_value_t = 3.0)]
        v: f64,
        /// Counts from 1 to js never appear
        #[arg(long, default_value_t = 2)]
        js: u32,
        /// Whether probabilities rise from the left up to noise 0
        #[arg(long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set)]
        mono: bool,
    },
    /// Attack finished bundles: is anything that was withheld found out?
    Audit {
        /// Folders that `run` wrote; several are attacked one by one, then together
        #[arg(required = true)]
        bundles: Vec<PathBuf>,
        /// Answers that a server gave, one a line as /ask gives them: the one bundle is attacked together with them
        #[arg(long, value_name = "FILE")]
        answers: Option<PathBuf>,
    },
    /// Attack a plain table: the interval of every withheld number, and what is exactly known
    Attack(Box<attack::AttackFlags>),
    /// Protect a plain table with all its margins: withheld, rounded, or with noise
    Protect(Box<protect::ProtectFlags>),
    Ask(Box<ask::AskFlags>),
    Serve(Box<serve::ServeFlags>),
    Site(Box<serve::SiteFlags>),
    /// Secret keys
    Key {
        #[command(subcommand)]
        command: KeyCommand,
    },
    /// Print the JSON Schema of a plan
    Schema,
}

#[derive(Subcommand)]
enum KeyCommand {
    /// Make a new key in a file that only you can read
    New {
        /// The file; must not exist
        file: PathBuf,
    },
}

/// Reads the command line, does what it says, tells how it went.
pub fn main() -> ExitCode {
    let typed = Typed::parse();
    let language = match typed.lang {
        Some(Lang::De) => Language::German,
        Some(Lang::En) => Language::English,
        None => language_of_environment(),
    };
    if let Some(threads) = typed.threads {
        // Fails only if a pool exists already, which nothing before this line makes.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
    }
    if let Some(simd) = typed.simd {
        simd.take();
    }
    let log = typed.log;
    match run(typed.command, language, log) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            tell_error(&error, language, log);
            ExitCode::from(error.kind().exit_status())
        }
    }
}

fn simd_level(name: &str) -> Result<Simd, String> {
    let available = Simd::available();
    let names: Vec<&str> = available.iter().map(|simd| simd.name()).collect();
    let named = available.iter().find(|simd| simd.name() == name).copied();
    named.ok_or_else(|| format!("this machine has {}", names.join(", ")))
}

fn language_of_environment() -> Language {
    let set = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(|name| std::env::var(name).ok());
    set.into_iter().find(|value| !value.is_empty()).map_or(Language::English, |locale| Language::from_locale(&locale))
}

fn run(command: Command, language: Language, log: Log) -> Result<u8, Error> {
    let progress = bars::Telling::new(log, language);
    match command {
        Command::Run(flags) => {
            let plan = flags.into_plan()?;
            let done = pipeline::run(&plan, language, &progress)?;
            progress.finish();
            words::tell_summary(&done, language, log);
            Ok(0)
        }
        Command::Georeference(flags) => {
            flags.georeference(language, log, &progress)?;
            Ok(0)
        }
        Command::Compare(flags) => {
            let (plan, options, page) = flags.into_plan()?;
            let compared = pipeline::compare(&plan, &options, page.as_deref(), language, &progress)?;
            progress.finish();
            compare::tell(&compared, log);
            Ok(u8::from(compared.choice.is_none()))
        }
        Command::Demo { output, seed, method, serve } => {
            let plan = pipeline::write_demo_input(&output, seed, method)?;
            let mut plan = Plan::read(&plan)?;
            plan.output.folder = Some(output.join("bundle"));
            let done = pipeline::run(&plan, language, &progress)?;
            progress.finish();
            words::tell_summary(&done, language, log);
            if let Some(listen) = serve {
                serve::serve_bundles(&[done.folder], listen, (None, language))?;
            }
            Ok(0)
        }
        Command::Inspect { file, layer, query, output } => {
            let dialect = Dialect { layer, query, ..Dialect::default() };
            let (findings, plan) = pipeline::inspect(&file, &dialect, language)?;
            match output {
                Some(path) => {
                    pipeline::write_new_file(&path, plan.as_bytes(), false)?;
                    words::tell(&findings);
                    words::tell(&say!(language, "plan written to {}", "Plan geschrieben: {}", path.display()));
                }
                None => {
                    words::tell_aside(&findings);
                    words::tell(&plan);
                }
            }
            Ok(0)
        }
        Command::Verify { bundle } => {
            let verified = crate::verify::verify(&bundle, &progress)?;
            progress.finish();
            words::tell_verified(&verified, language, log);
            Ok(u8::from(!verified.findings.is_empty()))
        }
        Command::Ptable { d, v, js, mono } => {
            let parameters = PerturbationParameters::new(d, v, js)?.with_monotony(mono);
            words::tell(&PerturbationTable::solve(parameters)?.to_csv());
            Ok(0)
        }
        Command::Audit { bundles, answers: Some(answers) } => {
            let [bundle] = bundles.as_slice() else {
                return Err(PlanError::Impossible {
                    key: "--answers".into(),
                    found: answers.display().to_string(),
                    expected: "one bundle beside it",
                    expected_german: "ein einziges Paket daneben",
                }
                .into());
            };
            let audited = crate::audit::audit_with_answers(bundle, &answers, &progress)?;
            progress.finish();
            audit::tell(&audited, language, log);
            Ok(u8::from(audited.at_risk > 0))
        }
        Command::Audit { bundles, answers: None } => {
            let mut at_risk = 0;
            for bundle in &bundles {
                let audited = crate::audit::audit(bundle, &progress)?;
                progress.finish();
                audit::tell(&audited, language, log);
                at_risk += audited.at_risk;
            }
            if bundles.len() > 1 {
                let together = crate::audit::audit_together(&bundles, &progress)?;
                progress.finish();
                audit::tell(&together, language, log);
                at_risk += together.at_risk;
            }
            Ok(u8::from(at_risk > 0))
        }
        Command::Attack(flags) => {
            let attacked = flags.attack()?;
            Ok(u8::from(attack::tell(&attacked, language, log) > 0))
        }
        Command::Protect(flags) => {
            flags.protect(language)?;
            Ok(0)
        }
        Command::Ask(flags) => {
            flags.ask(language)?;
            Ok(0)
        }
        Command::Serve(flags) => {
            flags.serve(language)?;
            Ok(0)
        }
        Command::Site(flags) => {
            flags.write(language)?;
            Ok(0)
        }
        Command::Key { command: KeyCommand::New { file } } => {
            pipeline::write_key(&file)?;
            words::tell(&say!(
                language,
                "new key in {}: keep it, name it with --key in every run of this series, never hand it out",
                "neuer Schlüssel in {}: aufbewahren, bei jedem Lauf dieser Reihe mit --key angeben, nie weitergeben",
                file.display()
            ));
            Ok(0)
        }
        Command::Schema => {
            let schema = schemars::schema_for!(Plan);
            words::tell(&serde_json::to_string_pretty(&schema).expect("a schema is JSON"));
            Ok(0)
        }
    }
}

fn tell_error(error: &Error, language: Language, log: Log) {
    match log {
        Log::Text => words::tell_aside(&say!(language, "error: {}", "Fehler: {}", error.explain(language))),
        Log::Json => words::tell_aside(
            &serde_json::json!({"event": "error", "exit_status": error.kind().exit_status(), "message": error.explain(language)})
                .to_string(),
        ),
    }
}
