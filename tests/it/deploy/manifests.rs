//! The image, the compose file and the manifests name settings, files, ports and routes that exist.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;
use weir::settings::{Effective, SettingsFile, Sources, load};

use super::{files, text, yaml};
use crate::support::{Kind, Weir};

const DOCKERFILE: &str = "deploy/docker/Dockerfile";
const COMPOSE: &str = "deploy/compose.yml";
const KUBERNETES: &str = "deploy/kubernetes";
const PRODUCTION: &str = "config/production.toml";

/// How a container is started: its arguments, its variables, and the secrets that lie in it.
struct Started {
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
    secrets: BTreeSet<PathBuf>,
}

impl Started {
    fn by_compose() -> Self {
        let service = &yaml(COMPOSE)[0]["services"]["weir"];
        let variables = service["environment"].as_object().unwrap().iter();
        let secrets = strings(&service["secrets"]).into_iter();
        Self {
            arguments: strings(&service["command"]),
            variables: variables
                .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
                .collect(),
            secrets: secrets.map(|name| Path::new("/run/secrets").join(name)).collect(),
        }
    }

    /// What comes from the secret is taken from its example.
    fn by_kubernetes() -> Self {
        let pod = pod();
        let container = &pod["containers"][0];
        let secret = &yaml("deploy/kubernetes/secret.example.yml")[0]["stringData"];
        let variables = container["env"].as_array().unwrap().iter().map(|variable| {
            let key = variable["valueFrom"]["secretKeyRef"]["key"].as_str();
            let value = key.map_or(&variable["value"], |key| &secret[key]);
            (text(variable, "name").to_owned(), value.as_str().unwrap().to_owned())
        });
        let mount = &container["volumeMounts"][0];
        let volume = &pod["volumes"][0];
        assert_eq!(text(mount, "name"), text(volume, "name"));
        let items = volume["secret"]["items"].as_array().unwrap().iter();
        let items = items.inspect(|item| assert!(secret[text(item, "key")].is_string()));
        Self {
            arguments: strings(&container["args"]),
            variables: variables.collect(),
            secrets: items
                .map(|item| Path::new(text(mount, "mountPath")).join(text(item, "path")))
                .collect(),
        }
    }

    /// The settings that the process in the container has.
    fn settings(&self) -> Effective {
        let [flag, path, serve] = self.arguments.as_slice() else { panic!("{:?}", self.arguments) };
        assert_eq!((flag.as_str(), serve.as_str()), ("--config", "serve"));
        assert!(copied().contains(&(PRODUCTION.to_owned(), path.clone())), "{path}");
        let file = SettingsFile { name: path.clone(), text: fs::read_to_string(PRODUCTION) };
        let variables = self.variables.iter().map(|(name, value)| (name.into(), value.into()));
        let environment = variables.collect();
        let read = |path: &Path| match self.secrets.contains(path) {
            true => Ok("sixteen-characters-or-more".to_owned()),
            false => Err(io::ErrorKind::NotFound.into()),
        };
        load(Sources { file: Some(file), environment, flags: Vec::new() }, read)
            .unwrap_or_else(|faults| panic!("{faults}"))
    }
}

fn pod() -> Value {
    yaml("deploy/kubernetes/weir.yml")[0]["spec"]["template"]["spec"].clone()
}

#[track_caller]
fn strings(list: &Value) -> Vec<String> {
    let list = list.as_array().unwrap_or_else(|| panic!("{list}")).iter();
    list.map(|item| item.as_str().unwrap().to_owned()).collect()
}

/// What the image takes from the repository, and where it puts that.
fn copied() -> Vec<(String, String)> {
    let file = fs::read_to_string(DOCKERFILE).unwrap();
    let lines = file.lines().filter_map(|line| line.strip_prefix("COPY "));
    let pairs = lines.filter(|line| !line.starts_with("--from"));
    pairs
        .map(|line| {
            let (from, to) = line.split_once(' ').unwrap();
            (from.to_owned(), to.to_owned())
        })
        .collect()
}

#[test]
fn the_service_in_a_container_has_sound_settings_and_listens_where_it_is_looked_for() {
    let public = "0.0.0.0:8080".parse().unwrap();
    let admin = "0.0.0.0:9080".parse().unwrap();
    for started in [Started::by_compose(), Started::by_kubernetes()] {
        let settings = started.settings().settings;

        assert_eq!((settings.server.bind, settings.admin.bind), (public, admin));
        assert!(!settings.admin.tokens.is_empty());
    }
    let ports: Vec<_> = pod()["containers"][0]["ports"].as_array().unwrap().clone();
    let ports = ports.iter().map(|port| (port["name"].clone(), port["containerPort"].clone()));
    assert_eq!(
        ports.collect::<Vec<_>>(),
        [("public".into(), 8080.into()), ("admin".into(), 9080.into())]
    );
}

#[test]
fn every_setting_that_is_named_exists() {
    let every_key =
        load(Sources::default(), |_| unreachable!()).unwrap_or_else(|it| panic!("{it}"));
    let variable = |key: &str| format!("WEIR__{}", key.to_uppercase().replace('.', "__"));
    let known: BTreeSet<_> = every_key.rules().map(|(key, _)| variable(key)).collect();

    let paths = files("deploy", "yml").into_iter().chain([DOCKERFILE.into(), "README.md".into()]);
    let mut named = 0;
    for path in paths.chain(files("docs", "md")) {
        let page = fs::read_to_string(&path).unwrap();
        for rest in page.split("WEIR__").skip(1) {
            let end = rest.find(|c: char| !c.is_ascii_uppercase() && c != '_');
            let name = format!("WEIR__{}", &rest[..end.unwrap_or(rest.len())]);
            if ["WEIR__", "WEIR__SECTION__KEY"].contains(&name.as_str()) {
                continue;
            }
            named += 1;
            assert!(known.contains(&name), "{} names {name}", path.display());
        }
    }
    assert!(named > 10, "{named}");
}

#[test]
fn every_file_that_is_named_exists() {
    let mut named: Vec<PathBuf> = copied().into_iter().map(|(from, _)| from.into()).collect();
    let ignored = fs::read_to_string(format!("{DOCKERFILE}.dockerignore")).unwrap();
    named.extend(ignored.lines().filter_map(|line| line.strip_prefix('!')).map(PathBuf::from));
    let compose = yaml(COMPOSE).remove(0);
    for service in compose["services"].as_object().unwrap().values() {
        if let Some(built) = service["build"]["dockerfile"].as_str() {
            named.push(built.into());
        }
        let Some(volumes) = service["volumes"].as_array() else { continue };
        for volume in volumes.iter().map(|volume| volume.as_str().unwrap()) {
            let (source, _) = volume.split_once(':').unwrap();
            match source.strip_prefix("./") {
                Some(folder) => named.push(Path::new("deploy").join(folder)),
                None => assert!(compose["volumes"].as_object().unwrap().contains_key(source)),
            }
        }
    }
    let rules = strings(&yaml("deploy/prometheus/prometheus.yml")[0]["rule_files"]);
    named.extend(rules.iter().map(|file| Path::new("deploy/prometheus").join(file)));
    let resources = strings(&yaml("deploy/kubernetes/kustomization.yml")[0]["resources"]);
    named.extend(resources.iter().map(|file| Path::new(KUBERNETES).join(file)));

    let missing: Vec<_> = named.iter().filter(|path| !path.exists()).collect();
    assert!(missing.is_empty() && named.len() > 15, "{missing:?}");
}

#[test]
fn every_manifest_says_what_it_is_and_belongs_to_weir() {
    for path in files(KUBERNETES, "yml") {
        for document in yaml(&path) {
            assert!(document["apiVersion"].is_string(), "{}", path.display());
            let kind = text(&document, "kind");
            if kind != "Kustomization" {
                assert!(text(&document["metadata"], "name").starts_with("weir"), "{kind}");
            }
        }
    }
}

#[actix_web::test]
async fn every_route_that_is_asked_answers() {
    let weir = Weir::on(Kind::Sqlite).start().await;
    let container = &pod()["containers"][0];

    for probe in ["livenessProbe", "readinessProbe"] {
        let get = &container[probe]["httpGet"];
        assert_eq!(text(get, "port"), "public");
        weir.get(text(get, "path")).await.expect(200);
    }
    let monitor = yaml("deploy/kubernetes/monitor.yml").remove(0);
    let endpoint = &monitor["spec"]["endpoints"][0];
    assert_eq!(text(endpoint, "port"), "admin");
    weir.admin_get(text(endpoint, "path")).await.expect(200);
}
