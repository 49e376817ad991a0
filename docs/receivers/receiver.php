<?php
// php -S 127.0.0.1:$PORT receiver.php

function isOurs(string $rawBody, string $id, string $timestamp, string $signatures): bool
{
    if (!ctype_digit($timestamp) || abs(time() - (int) $timestamp) > 300) {
        return false;
    }
    $secret = base64_decode(substr((string) getenv('IOZEN_WEBHOOK_SECRET'), strlen('whsec_')));
    if ($secret === '') {
        throw new RuntimeException('IOZEN_WEBHOOK_SECRET is missing');
    }
    $expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$timestamp.$rawBody", $secret, true));
    foreach (explode(' ', $signatures) as $signature) {
        if (hash_equals($expected, $signature)) {
            return true;
        }
    }
    return false;
}

$rawBody = file_get_contents('php://input');
$header = fn(string $name) => $_SERVER["HTTP_$name"] ?? '';
if (!isOurs($rawBody, $header('WEBHOOK_ID'), $header('WEBHOOK_TIMESTAMP'), $header('WEBHOOK_SIGNATURE'))) {
    http_response_code(400);
    exit;
}
$event = json_decode($rawBody, true);
error_log("{$event['type']} {$event['id']}");
http_response_code(204);
