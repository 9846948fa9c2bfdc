"""Manifests: text → nodes with places → typed desired specs, with every problem as a diagnostic.

    load → interpolate → check → expand          one manifest
    load → resolve                               the project file
    sources                                      the files that a manifest names
    workspace                                    all of it, from a directory

A manifest is data: nothing in it runs code, and loading reads the project's
own files alone. `fmt`, `lint`, `write`, `schema` and `scaffold` are what
commands and editors need beside loading.
"""

from apexplan.manifest.check import FilesOf
from apexplan.manifest.project import FILE_NAME, Policy, Project, StoreBlock
from apexplan.manifest.workspace import Workspace, digest_of, load_files_of, load_project, load_workspace

__all__ = [
    "FILE_NAME",
    "FilesOf",
    "Policy",
    "Project",
    "StoreBlock",
    "Workspace",
    "digest_of",
    "load_files_of",
    "load_project",
    "load_workspace",
]
