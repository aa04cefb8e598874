"""Makes a node's files and container images of programs that were just built, without an engine.

images.py DEBIAN BUILT: DEBIAN has the unpacked files of Debian's packages, BUILT/bin the programs.
Made are BUILT/node/usr, which is to lie over a node's /usr, and BUILT/images: `all.tar` has what
kubeadm asks for, the storage-provisioner and the test image, which is also alone in `busybox.tar`.
Both are what `docker save` writes. Equal files give equal tars.
"""

import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

KUBERNETES = "v1.35.1"
STORAGE_PROVISIONER = "gcr.io/k8s-minikube/storage-provisioner:v5"
BUSYBOX = "busybox:1.28"

# By path: a file to copy, a file's text, where a symbolic link points, or None for a folder.
Tree = dict[str, Path | bytes | str | None]

ENGINES = ["containerd", "containerd-shim-runc-v2", "ctr", "runc"]
ENGINES += ["docker", "docker-init", "docker-proxy", "dockerd"]
NETWORK = ["conntrack", "nft", "xtables-nft-multi"]
IPTABLES = ["iptables", "iptables-save", "iptables-restore"]
IPTABLES += ["ip6tables", "ip6tables-save", "ip6tables-restore", "ebtables", "arptables"]
# What pods of the control plane mount, and could not make in a node whose /usr is read-only.
MOUNTED = ["usr/lib/modules", "usr/libexec/kubernetes/kubelet-plugins/volume/exec"]
CNI = ["bridge", "firewall", "host-local", "loopback", "portmap"]
LIBC = ["libc.so.6", "libdl.so.2", "libm.so.6", "libpthread.so.0", "libresolv.so.2", "librt.so.1"]
CONTROL_PLANE = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy"]


class Debian:
    """The unpacked packages, all in one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        [self.loader] = root.glob("usr/lib/*/ld-linux*.so.*")

    def programs(self, names: Iterable[str]) -> Tree:
        return self._linked(self._find(name) for name in names)

    def iptables(self) -> Tree:
        """Names and plugins of the one program behind iptables, over nftables."""
        tree: Tree = {f"usr/sbin/{name}": "xtables-nft-multi" for name in IPTABLES}
        return tree | self._linked(self.loader.parent.glob("xtables/*.so"))

    def libc(self) -> set[str]:
        return {self._place(self.loader.parent / name) for name in LIBC}

    def applets(self) -> list[str]:
        return self._load(self._find("busybox"), "--list").split()

    def _linked(self, files: Iterable[Path]) -> Tree:
        """Files where the packages have them, and the libraries that they are linked with."""
        tree: Tree = {}
        for file in files:
            tree[self._place(file)] = file
            listed = self._load("--list", file)
            assert "not found" not in listed, listed
            for wanted, library in re.findall(r"(\S+) => (\S+) \(0x", listed):
                # Only the loader is wanted by its path.
                place = wanted[1:] if wanted.startswith("/") else self._place(Path(library))
                tree[place] = Path(library)
        return tree

    def _find(self, name: str) -> Path:
        folders = ("usr/bin", "usr/sbin", "usr/libexec/docker")
        found = [path for each in folders if (path := self.root / each / name).exists()]
        assert found, f"no package brought {name}"
        return found[0]

    def _place(self, path: Path) -> str:
        return str(path.relative_to(self.root))

    def _load(self, *words: str | Path) -> str:
        # A static program has nothing to list, and fails.
        command = [self.loader, "--library-path", self.loader.parent, *words]
        return subprocess.run(command, check=False, capture_output=True, text=True).stdout


@dataclass(frozen=True)
class Image:
    name: str
    layers: list[Path]
    entrypoint: list[str] | None = None
    command: list[str] | None = None


def node(debian: Debian) -> Tree:
    """What a node needs beside this machine's own programs; libc is this machine's."""
    tree = debian.programs([*ENGINES, *NETWORK, "ethtool", "socat"]) | debian.iptables()
    tree |= {f"usr/lib/cni/{name}": debian.root / "usr/lib/cni" / name for name in CNI}
    tree |= dict.fromkeys(MOUNTED)
    return {place: tree[place] for place in tree.keys() - debian.libc() if place[:4] == "usr/"}


def busybox(debian: Debian) -> Tree:
    tree: Tree = dict.fromkeys(["dev", "proc", "sys", "tmp", "var/run"])
    tree |= {f"bin/{applet}": "/bin/busybox" for applet in debian.applets()}
    for place, what in debian.programs(["busybox"]).items():
        tree["bin/busybox" if place.endswith("/busybox") else place] = what
    tree["bin/wget"] = Path(__file__).with_name("wget").read_bytes()
    tree["etc/passwd"] = b"root:x:0:0:root:/:/bin/sh\n"
    tree["etc/group"] = b"root:x:0:\n"
    return tree


def images(debian: Debian, programs: Path, folder: Path) -> Iterator[Image]:
    """All of them, with their layers' tars in that folder."""

    def layer(name: str, tree: Tree) -> Path:
        write_layer(tree, path := folder / f"{name}.tar")
        return path

    def own(name: str, place: str) -> Path:
        return layer(name, {place: programs / name})

    kubernetes = layer("k8s", {f"usr/local/bin/{name}": programs / "k8s" for name in CONTROL_PLANE})
    layers = {name: [kubernetes] for name in CONTROL_PLANE}
    tools = layer("network", debian.programs(NETWORK) | debian.iptables())
    layers["kube-proxy"] = [tools, kubernetes]
    layers["etcd"] = [own("etcd", "usr/local/bin/etcd")]
    layers["coredns"] = [own("coredns", "coredns")]
    layers["pause"] = [own("pause", "pause")]
    entrypoints = {"coredns": ["/coredns"], "pause": ["/pause"]}
    for asked in asked_by_kubeadm(programs):
        name = asked.split("/")[-1].split(":")[0]
        yield Image(asked, layers[name], entrypoints.get(name, [name]))
    provisioner = own("storage-provisioner", "storage-provisioner")
    yield Image(STORAGE_PROVISIONER, [provisioner], ["/storage-provisioner"])
    yield Image(BUSYBOX, [layer("busybox", busybox(debian))], command=["sh"])


def asked_by_kubeadm(programs: Path) -> list[str]:
    command = [str(programs / "kubeadm"), "config", "images", "list"]
    command += ["--kubernetes-version", KUBERNETES]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


def write_folder(tree: Tree, root: Path) -> None:
    """On the file system of the tree's files, to which hard links are made."""
    for place, what in tree.items():
        target = root / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(what, Path):
            os.link(what.resolve(), target)
        elif isinstance(what, str):
            target.symlink_to(what)
        else:
            assert what is None, place
            target.mkdir()


def write_layer(tree: Tree, path: Path) -> None:
    """A file under several names is written once."""
    folders = {str(above): None for place in tree for above in PurePosixPath(place).parents[:-1]}
    written: dict[Path, str] = {}
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
        for place, what in sorted((folders | tree).items()):
            info = tarfile.TarInfo(place)
            info.mode = 0o1777 if place == "tmp" else 0o755
            if what is None:
                info.type = tarfile.DIRTYPE
                tar.addfile(info)
            elif isinstance(what, str):
                info.type, info.linkname = tarfile.SYMTYPE, what
                tar.addfile(info)
            elif isinstance(what, bytes):
                _add(tar, info, what)
            elif (file := what.resolve()) in written:
                info.type, info.linkname = tarfile.LNKTYPE, written[file]
                tar.addfile(info)
            else:
                written[file] = place
                info.size = file.stat().st_size
                with file.open("rb") as stream:
                    tar.addfile(info, stream)


def write_archive(images: list[Image], path: Path) -> None:
    manifest = []
    names: dict[Path, str] = {}
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
        for image in images:
            for layer in image.layers:
                if layer not in names:
                    with layer.open("rb") as stream:
                        names[layer] = hashlib.file_digest(stream, "sha256").hexdigest()
                        info = tarfile.TarInfo(f"{names[layer]}.tar")
                        info.size = stream.tell()
                        stream.seek(0)
                        tar.addfile(info, stream)
            digests = [names[layer] for layer in image.layers]
            config = _config(image, digests)
            name = f"{hashlib.sha256(config).hexdigest()}.json"
            _add(tar, tarfile.TarInfo(name), config)
            layers = [f"{digest}.tar" for digest in digests]
            manifest.append({"Config": name, "RepoTags": [image.name], "Layers": layers})
        _add(tar, tarfile.TarInfo("manifest.json"), json.dumps(manifest).encode())


def _config(image: Image, digests: list[str]) -> bytes:
    system = {"x86_64": "amd64", "aarch64": "arm64"}
    search = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    config = {
        "architecture": system[os.uname().machine],
        "os": "linux",
        "created": "1970-01-01T00:00:00Z",
        "config": {"Env": [search], "Entrypoint": image.entrypoint, "Cmd": image.command},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest in digests]},
    }
    return json.dumps(config).encode()


def _add(tar: tarfile.TarFile, info: tarfile.TarInfo, content: bytes) -> None:
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))


def main(root: Path, built: Path) -> None:
    debian = Debian(root)
    write_folder(node(debian), built / "node")
    (built / "images").mkdir()
    with tempfile.TemporaryDirectory(dir=built) as folder:
        *others, test = images(debian, built / "bin", Path(folder))
        full = Image(f"docker.io/library/{test.name}", test.layers, command=test.command)
        write_archive([*others, full], built / "images" / "all.tar")
        write_archive([test], built / "images" / "busybox.tar")


if __name__ == "__main__":
    main(*(Path(word).resolve() for word in sys.argv[1:]))
