# Makes the release for all systems, which takes minutes the first time: what it has in common with the one that is there
# has the same bytes. Reads the archives for Windows, and the formula as Ruby does, with as much of Homebrew as it names.
debian ruby ruby
debian python3 python3
cat >"$work/formula.rb" <<'RUBY'
# Formula keeps what a formula says of itself.
class Formula
  class << self
    attr_reader :said
    def method_missing(name, *values, **more, &block)
      (@said ||= []) << [name, *values]
      instance_eval(&block) if block && name.to_s.start_with?("on_")
    end
    def respond_to_missing?(*) = true
    def test = nil # Kernel has one, of files
  end
end
require ARGV[0]
said = Parley.said
urls, sums = %i[url sha256].map { |name| said.select { |s| s[0] == name }.map { |s| s[1] } }
abort "the formula names #{urls}" unless urls.size == 4 && urls.uniq.size == 4 && urls.all? { |u| u.start_with?("https://releases.parley.example/parley/releases/download/v0.2.0/parley_0.2.0_") }
listed = File.readlines(ARGV[1]).to_h { |line| line.split.reverse }
urls.zip(sums).each { |url, sum| abort "the sum of #{url} is #{sum}" unless listed[File.basename(url)] == sum }
RUBY
CGO_ENABLED=0 go -C tools run ./release -repo "$work/repo" -out "$work/all" -url https://releases.parley.example/parley
(cd "$work/all" && sha256sum --quiet --check SHA256SUMS)
[ "$(wc -l <"$work/all/SHA256SUMS")" = 20 ] || fail "the release has other files: $(cat "$work/all/SHA256SUMS")"
differs=$(grep -vxFf "$work/all/SHA256SUMS" "$work/0.2.0/SHA256SUMS" || true)
[ -z "$differs" ] || fail "a second release of the commit has other bytes: $differs"
for arch in amd64 arm64; do
  name=parley_0.2.0_windows_$arch
  python3 -m zipfile --extract "$work/all/$name.zip" "$work/windows"
  for file in parley.exe README.md docs/installing.md man/parley.1; do [ -s "$work/windows/$name/$file" ] || fail "the archive for Windows has no $file"; done
done
ruby -c "$work/all/parley.rb" >/dev/null
ruby "$work/formula.rb" "$work/all/parley.rb" "$work/all/SHA256SUMS"
