//! pom.xml. Source of the fields: Maven's "POM Reference".

use super::xml::elements;

/// A pom.xml.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pom {
    /// `artifactId`
    pub artifact: Option<String>,
    /// `packaging`; `jar` when it is not told.
    pub packaging: Option<String>,
    /// Folders or files of `modules`, those of profiles too.
    pub modules: Vec<String>,
    /// Whether there is a `parent`.
    pub has_parent: bool,
    /// The parent's `relativePath`; none when it is not told, which means `../pom.xml`; empty when only repositories count.
    pub parent_path: Option<String>,
    /// Paths of `systemPath`: archives beside the project.
    pub system_paths: Vec<String>,
    /// `artifactId` of each plugin, those of profiles and of plugin management too.
    pub plugins: Vec<String>,
    /// `artifactId` of each extension.
    pub extensions: Vec<String>,
    /// Folders of `sourceDirectory` and `resources`, where they are told.
    pub folders: Vec<String>,
}

impl Pom {
    /// Reads a pom.xml.
    ///
    /// # Errors
    /// No XML, or another root than `project`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let elements = elements(text)?;
        let mut pom = Self::default();
        if elements.first().is_none_or(|root| root.path != "project") {
            return Err("the root element is not `project`".to_owned());
        }
        for element in elements {
            let path = element.path.trim_start_matches("project/");
            let path = path.strip_prefix("profiles/profile/").unwrap_or(path);
            let text = element.text;
            match path {
                "artifactId" => pom.artifact = Some(text),
                "packaging" => pom.packaging = Some(text),
                "modules/module" | "subprojects/subproject" => pom.modules.push(text),
                "parent" => pom.has_parent = true,
                "parent/relativePath" => pom.parent_path = Some(text),
                "build/plugins/plugin/artifactId"
                | "build/pluginManagement/plugins/plugin/artifactId" => pom.plugins.push(text),
                "build/extensions/extension/artifactId" => pom.extensions.push(text),
                "build/sourceDirectory" | "build/resources/resource/directory" => {
                    pom.folders.push(text);
                }
                _ if path.ends_with("/systemPath") => pom.system_paths.push(text),
                _ => {}
            }
        }
        Ok(pom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pom() {
        let text = "<?xml version=\"1.0\"?>\n<project xmlns=\"http://m\">\n<parent><artifactId>p</artifactId><relativePath>../q/pom.xml</relativePath></parent>\n<artifactId>a</artifactId><packaging>pom</packaging>\n<modules><module> core </module><!-- <module>x</module> --><module>web&amp;b</module></modules>\n<profiles><profile><modules><module>extra</module></modules></profile></profiles>\n<dependencies><dependency><systemPath>${basedir}/l.jar</systemPath></dependency></dependencies>\n<build><plugins><plugin><artifactId>shade</artifactId></plugin></plugins></build>\n</project>\n";
        let pom = Pom::parse(text).unwrap();
        assert_eq!(pom.modules, ["core", "web&b", "extra"]);
        assert_eq!(pom.artifact.as_deref(), Some("a"));
        assert_eq!(pom.parent_path.as_deref(), Some("../q/pom.xml"));
        assert_eq!(pom.system_paths, ["${basedir}/l.jar"]);
        assert_eq!(pom.plugins, ["shade"]);
        assert!(Pom::parse("<project>").is_err());
        assert!(Pom::parse("<a/>").is_err());
        let empty = Pom::parse("<project><parent><relativePath/></parent></project>").unwrap();
        assert_eq!(empty.parent_path.as_deref(), Some(""));
    }
}
