# A Rack application, as Rails and Sinatra are: rackup --port $PORT
require "json"
require "openssl"

SECRET = ENV.fetch("IOZEN_WEBHOOK_SECRET").delete_prefix("whsec_").unpack1("m")
abort "IOZEN_WEBHOOK_SECRET is empty" if SECRET.empty?

def ours?(raw_body, id, timestamp, signatures)
  return false if timestamp !~ /\A\d+\z/ || (Time.now.to_i - timestamp.to_i).abs > 300

  expected = "v1," + [OpenSSL::HMAC.digest("sha256", SECRET, "#{id}.#{timestamp}.".b + raw_body)].pack("m0")
  signatures.split.any? { |signature| OpenSSL.secure_compare(expected, signature) }
end

run lambda { |env|
  raw_body = env["rack.input"]&.read(2**21).to_s.b
  headers = %w[ID TIMESTAMP SIGNATURE].map { |name| env.fetch("HTTP_WEBHOOK_#{name}", "") }
  next [400, {}, []] unless ours?(raw_body, *headers)

  event = JSON.parse(raw_body)
  warn "#{event["type"]} #{event["id"]}"
  [204, {}, []]
}
