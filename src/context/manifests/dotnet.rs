//! Project files of MSBuild (`*.csproj`, `*.fsproj`, `*.props`, `*.targets`) and solutions (`*.sln`, `*.slnx`).

use super::xml::elements;

/// An MSBuild file. Paths have `/`, however they were written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Project {
    /// `Sdk`
    pub sdk: Option<String>,
    /// Projects that it refers to.
    pub projects: Vec<String>,
    /// Packages and their versions, where they are told.
    pub packages: Vec<(String, Option<String>)>,
    /// Files of `Import`.
    pub imports: Vec<String>,
    /// `TargetFramework` and `TargetFrameworks`.
    pub frameworks: Vec<String>,
    /// `AssemblyName`
    pub assembly: Option<String>,
    /// `OutputType`
    pub output: Option<String>,
    /// Whether a path holds `$(…)`, `@(…)` or a wildcard, so that it can't be told.
    pub has_expressions: bool,
}

impl Project {
    /// Reads an MSBuild file.
    ///
    /// # Errors
    /// No XML, or another root than `Project`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let elements = elements(text)?;
        let mut project = Self::default();
        let Some(root) = elements.first().filter(|root| root.path == "Project") else {
            return Err("the root element is not `Project`".to_owned());
        };
        project.sdk = root.attribute("Sdk").map(str::to_owned);
        for element in &elements {
            let name = element.path.rsplit('/').next().unwrap_or_default();
            let include = element.attribute("Include").or(element.attribute("Update"));
            let text = || Some(element.text.clone()).filter(|text| !text.is_empty());
            match name {
                "ProjectReference" => {
                    let paths = include.unwrap_or_default().split(';');
                    let paths = paths.map(str::trim).filter(|path| !path.is_empty());
                    project.projects.extend(paths.map(slashes));
                }
                "PackageReference" => {
                    let version = element.attribute("Version").map(str::to_owned);
                    let name = include.map(str::to_owned);
                    project.packages.extend(name.map(|name| (name, version)));
                }
                "Import" => project
                    .imports
                    .extend(element.attribute("Project").map(slashes)),
                "TargetFramework" | "TargetFrameworks" => {
                    let all = element.text.split(';').filter(|name| !name.is_empty());
                    project.frameworks.extend(all.map(str::to_owned));
                }
                "AssemblyName" => project.assembly = text(),
                "OutputType" => project.output = text(),
                _ => {}
            }
        }
        let paths = project.projects.iter().chain(&project.imports);
        project.has_expressions = paths
            .clone()
            .any(|path| path.contains(['$', '@', '*', '?']));
        Ok(project)
    }
}

/// A solution.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Solution {
    /// Project files, solution folders left out.
    pub projects: Vec<String>,
}

impl Solution {
    /// Reads a solution in the old form or, when it begins with `<`, in the new one.
    ///
    /// # Errors
    /// The new form and no XML.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim_start();
        let mut projects = Vec::new();
        if text.starts_with('<') {
            for element in elements(text)? {
                if element.path.rsplit('/').next() == Some("Project") {
                    projects.extend(element.attribute("Path").map(slashes));
                }
            }
            return Ok(Self { projects });
        }
        for line in text.lines().filter(|line| line.starts_with("Project(")) {
            // Project("{KIND}") = "Name", "Path", "{ID}"
            let path = line.split('"').nth(5).unwrap_or_default();
            if path.ends_with("proj") {
                projects.push(slashes(path));
            }
        }
        Ok(Self { projects })
    }
}

fn slashes(path: &str) -> String {
    path.trim().replace('\\', "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn project() {
        let text = "\u{feff}<Project Sdk=\"Microsoft.NET.Sdk.Web\">\r\n<PropertyGroup><TargetFramework>net8.0</TargetFramework><AssemblyName>A</AssemblyName></PropertyGroup>\r\n<ItemGroup><ProjectReference Include=\"..\\Lib\\Lib.csproj\" /><PackageReference Include=\"X\" Version=\"1\" /><PackageReference Include=\"Y\"><Version>2</Version></PackageReference></ItemGroup>\r\n<Import Project=\"$(Root)\\a.props\" /></Project>\r\n";
        let project = Project::parse(text).unwrap();
        assert_eq!(project.projects, ["../Lib/Lib.csproj"]);
        assert_eq!(project.sdk.as_deref(), Some("Microsoft.NET.Sdk.Web"));
        assert_eq!(project.frameworks, ["net8.0"]);
        assert_eq!(project.assembly.as_deref(), Some("A"));
        let packages = [
            ("X".to_owned(), Some("1".to_owned())),
            ("Y".to_owned(), None),
        ];
        assert_eq!(project.packages, packages);
        assert_eq!(project.imports, ["$(Root)/a.props"]);
        assert!(project.has_expressions);
        assert!(Project::parse("<project/>").is_err());
    }

    #[test]
    fn solutions() {
        let old = "\u{feff}\r\nMicrosoft Visual Studio Solution File, Format Version 12.00\r\nProject(\"{F}\") = \"A\", \"src\\A\\A.csproj\", \"{1}\"\r\nEndProject\r\nProject(\"{G}\") = \"src\", \"src\", \"{2}\"\r\n";
        assert_eq!(Solution::parse(old).unwrap().projects, ["src/A/A.csproj"]);
        let new =
            "<Solution><Folder Name=\"/x/\"><Project Path=\"x\\B.csproj\" /></Folder></Solution>";
        assert_eq!(Solution::parse(new).unwrap().projects, ["x/B.csproj"]);
    }
}
