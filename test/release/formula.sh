# Reads the formula as Ruby does, with as much of Homebrew as it names. The archives for macOS are built
# for it, which takes minutes the first time.
debian ruby ruby
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
  end
end
require ARGV[0]
said = Parley.said
urls, sums = %i[url sha256].map { |name| said.select { |s| s[0] == name }.map { |s| s[1] } }
abort "the formula names #{urls}" unless urls.size == 4 && urls.uniq.size == 4 && urls.all? { |u| u.start_with?("https://releases.parley.example/parley/releases/download/v0.2.0/parley_0.2.0_") }
listed = File.readlines(ARGV[1]).to_h { |line| line.split.reverse }
urls.zip(sums).each { |url, sum| abort "the sum of #{url} is #{sum}" unless listed[File.basename(url)] == sum }
RUBY
CGO_ENABLED=0 go -C tools run ./release -repo "$work/repo" -out "$work/formula" -targets linux/amd64,linux/arm64,darwin/amd64,darwin/arm64 -url https://releases.parley.example/parley
ruby -c "$work/formula/parley.rb" >/dev/null
ruby "$work/formula.rb" "$work/formula/parley.rb" "$work/formula/SHA256SUMS"
